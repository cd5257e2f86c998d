import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatProblem, InvalidInputError } from '@heddle/shared/errors/problem';
import { jsonReader } from '@heddle/shared/xds/config-file';
import { yamlReader } from '@heddle/shared/xds/read-yaml';
import { loadBootstrap } from '../../src/bootstrap/load-bootstrap.ts';
import { decoderOptions } from '../../src/config/resources/testing/decode-yaml.ts';
import { compileFormat } from '../../src/downstream/http/access-log/compile-format.ts';
import type { BootstrapFile } from './bootstrap-file.ts';

/** Empty: it was accepted; else what was said. */
export type Refusal = string;

export interface Verdicts {
  readonly file: BootstrapFile;
  readonly ours: Refusal;
  readonly theirs: Refusal;
}

/** As the command does it, in this process. */
export function askHeddle({ text, syntax }: BootstrapFile): Refusal {
  const reader = syntax === 'yaml' ? yamlReader : jsonReader;
  try {
    loadBootstrap([{ bytes: Buffer.from(text), name: `b.${syntax}`, reader }], {
      decoder: { ...decoderOptions, compileFormat },
      overrides: { version: '1' },
    });
    return '';
  } catch (thrown) {
    if (!(thrown instanceof InvalidInputError)) throw thrown;
    return thrown.problems.map(formatProblem).join('\n') || 'refused';
  }
}

function askEnvoy(envoyPath: string, file: string): Promise<Refusal> {
  return new Promise((resolve) => {
    const words = ['--mode', 'validate', '-c', file, '--log-level', 'critical'];
    execFile(envoyPath, words, (error, _, stderr) => {
      resolve(error === null ? '' : stderr || error.message);
    });
  });
}

/** Asks both about each file, a few at a time. */
export async function askBoth(
  envoyPath: string,
  files: readonly BootstrapFile[],
  folder: string,
): Promise<Verdicts[]> {
  const verdicts: Verdicts[] = [];
  const queue = files.entries();
  const work = async (): Promise<void> => {
    for (const [i, file] of queue) {
      const path = join(folder, `${i}.${file.syntax}`);
      writeFileSync(path, file.text);
      verdicts[i] = { file, ours: askHeddle(file), theirs: await askEnvoy(envoyPath, path) };
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return verdicts;
}
