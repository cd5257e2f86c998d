import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import nodePath from 'node:path';
import { promisify } from 'node:util';
import { usePeer } from '@heddle/shared/testing/peers';

const run = promisify(execFile);
const go = usePeer('go');
const version = 'v2.2.1+incompatible';
const cache = nodePath.resolve(import.meta.dirname, '../../../../../node_modules/.cache');
const program = nodePath.join(cache, `h2spec-${version}`);

/** For the `skip` option of a test. */
export const h2specSkip = go.skip;

/** Built once on a machine, whoever asks first; that downloads its modules. Nobody sees half of a program. */
export async function buildH2spec(): Promise<void> {
  if (go.skip !== false || existsSync(program)) return;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(nodePath.join(cache, 'h2spec-build-'));
  try {
    await run(go.path, ['install', `github.com/summerwind/h2spec/cmd/h2spec@${version}`], {
      env: { ...process.env, GOBIN: folder },
    });
    renameSync(nodePath.join(folder, 'h2spec'), program);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface H2specTarget {
  readonly port: number;
  /** What it asks for; `/` unless told. */
  readonly path?: string;
  /** With any certificate. */
  readonly isSecure?: boolean;
}

export interface H2specResult {
  /** `146 tests, 146 passed, 0 skipped, 0 failed`. */
  readonly sums: string;
  /** What its tests that failed say they do. */
  readonly failures: readonly string[];
  /** All that it said of them. */
  readonly report: string;
}

/** In strict mode. */
export async function runH2spec({ port, path = '/', isSecure = false }: H2specTarget): Promise<H2specResult> {
  const options = [
    ...['--strict', '--host', '127.0.0.1', '--port', String(port), '--path', path],
    // Every test waits at most that long for an answer; the last ones wait for none.
    ...['--timeout', '2'],
    ...(isSecure ? ['--tls', '--insecure'] : []),
  ];
  // With something found it ends with 1.
  const { stdout = '', stderr = '' } = await run(program, options, { maxBuffer: 2 ** 24 }).catch(
    (error: unknown) => error as { readonly stdout?: string; readonly stderr?: string },
  );
  const sums = /^\d+ tests, .*$/m.exec(stdout)?.[0];
  if (sums === undefined) throw new Error(`h2spec did not come to its end: ${stderr}${stdout}`);
  const report = stdout.includes('Failures:') ? stdout.slice(stdout.indexOf('Failures:')) : '';
  return {
    sums,
    failures: [...report.matchAll(/× \d+: (.*)$/gm)].map(([, description = '']) => description),
    report,
  };
}
