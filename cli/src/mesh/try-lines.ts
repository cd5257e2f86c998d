import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultServer } from '../settings.ts';
import type { LoadedMesh } from './load-mesh.ts';
import type { Mesh } from './mesh.ts';

/** What to try, with every placeholder filled in, so that each command works as printed in the current folder. */
export function renderTryLines(
  { path: meshPath, file, plan }: LoadedMesh,
  mesh: Pick<Mesh, 'instances'>,
): string {
  const server = `http://127.0.0.1:${plan.restPort}`;
  const values = new Map<string, string>([
    ['heddle', fromHere(fileURLToPath(new URL('../../bin/heddle', import.meta.url)))],
    ['folder', fromHere(path.dirname(meshPath))],
    ['rest', server],
  ]);
  for (const instance of mesh.instances) {
    values.set(`${instance.id}.outbound`, String(instance.outboundPort));
    values.set(`${instance.id}.inbound`, String(instance.inboundPort));
    values.set(`${instance.id}.admin`, String(instance.adminPort));
  }
  const fill = (command: string): string => {
    const filled = command.replaceAll(/\{([^{}\s]+)\}/g, (whole, name: string) => values.get(name) ?? whole);
    if (server === defaultServer || !command.startsWith('{heddle}')) return filled;
    return `HEDDLE_SERVER=${server} ${filled}`;
  };
  const lines = (file.try ?? []).flatMap(({ text, command }) => ['', `# ${text}`, fill(command)]);
  return [
    'The mesh is ready.',
    ...(lines.length === 0 ? [] : ['Try, in another terminal:', ...lines]),
    '',
    'Ctrl-C ends it.',
  ].join('\n');
}

/** The path from the current folder, or the absolute one where that would go up. */
function fromHere(absolute: string): string {
  const relative = path.relative(process.cwd(), absolute);
  return relative === '' ? '.' : relative.startsWith('..') ? absolute : relative;
}
