import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '@heddle/shared/testing/peers';
import { decoderOptions } from '../../src/config/resources/testing/decode-yaml.ts';
import { allFiles } from './all-files.ts';
import { askBoth } from './ask-verdicts.ts';
import { judge } from './judge.ts';
import { buildDocument, documentUrl } from './verdicts-document.ts';

/** `npm run envoy-verdicts`: judges the whole corpus, says what should not be, and writes docs/envoy-verdicts.md. */
const envoyPath = findEnvoy();
if (envoyPath === undefined) throw new Error('there is no envoy on the PATH, and none in ENVOY_BIN');
const folder = mkdtempSync(join(tmpdir(), 'heddle-verdicts-'));
try {
  const verdicts = await askBoth(envoyPath, allFiles(decoderOptions.api.types), folder);
  const judged = verdicts.map((verdict) => ({ file: verdict.file, judgement: judge(verdict) }));
  const wrong = judged.filter(({ judgement: { kind } }) => kind === 'laxer' || kind === 'unexplained');
  for (const { file, judgement } of wrong) console.error(file.name, judgement);
  if (wrong.length > 0) {
    process.exitCode = 1;
  } else {
    const line = execFileSync(envoyPath, ['--version'], { encoding: 'utf8' });
    writeFileSync(documentUrl, buildDocument(judged, /version: \w+\/([\d.]+)/.exec(line)?.[1] ?? ''));
    console.log(`${judged.length} files were judged`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
