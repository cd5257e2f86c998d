import { call } from '../../harness/http-call.ts';
import { probePaths } from './random-world.ts';
import { expectedAnswer, loadHost, probeHost, type World } from './world.ts';

const probes = [...probePaths.map((path) => ({ host: probeHost, path })), { host: loadHost, path: '/' }];

/**
 * Asks a proxy for every probe path, and for what the load asks for. One line for each answer that the world does not have; none: it is settled. One
 * request for each path says nothing about the others' workers, so a settled proxy is asked more than once.
 */
export async function findDisagreements(
  port: number,
  world: World,
  versions: readonly string[],
): Promise<string[]> {
  const lines = await Promise.all(probes.map(({ host, path }) => judge(port, world, versions, host, path)));
  return lines.filter((line) => line !== undefined);
}

async function judge(
  port: number,
  world: World,
  versions: readonly string[],
  host: string,
  path: string,
): Promise<string | undefined> {
  const { status, instances, location } = expectedAnswer(world, host, path);
  const allowed = instances.map((instance) => versions[instance]);
  const expected = `${status} of ${allowed.length === 0 ? 'nobody' : allowed.join(' or ')}, ${location ?? 'nowhere'}`;
  let seen: string;
  try {
    const answer = await call(port, path, { host });
    const version = answer.headers['x-version'];
    const isRight =
      answer.status === status &&
      answer.headers.location === location &&
      (allowed.length === 0 ? version === undefined : allowed.includes(String(version)));
    if (isRight) return undefined;
    seen = `${answer.status} of ${String(version ?? 'nobody')}, ${answer.headers.location ?? 'nowhere'}`;
  } catch (error) {
    seen = error instanceof Error ? error.message : String(error);
  }
  return `${host}${path}: ${seen}; expected ${expected}`;
}
