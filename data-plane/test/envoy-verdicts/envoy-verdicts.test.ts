import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { decoderOptions } from '../../src/config/resources/testing/decode-yaml.ts';
import { allFiles } from './all-files.ts';
import { askBoth } from './ask-verdicts.ts';
import { fileKinds } from './bootstrap-file.ts';
import { judge, sampleOf } from './judge.ts';
import { documentUrl } from './verdicts-document.ts';

const envoy = usePeer('envoy');
const folder = mkdtempSync(join(tmpdir(), 'heddle-verdicts-'));
after(() => rmSync(folder, { recursive: true }));
const files = allFiles(decoderOptions.api.types);
const sample = sampleOf(files);

// One test for each kind: a test has a limit of time.
for (const kind of fileKinds) {
  test(`what Envoy says of files: ${kind}`, { skip: envoy.skip }, async () => {
    const verdicts = await askBoth(
      envoy.path,
      sample.filter((file) => file.kind === kind),
      folder,
    );
    const wrong = verdicts.flatMap((verdict) => {
      const judgement = judge(verdict);
      return judgement.kind === 'laxer' || judgement.kind === 'unexplained'
        ? [{ name: verdict.file.name, ...judgement }]
        : [];
    });
    assert.deepEqual(wrong, []);
  });
}

test('there are hundreds of files of all kinds, and their names are theirs alone', () => {
  assert.ok(files.length >= 400, String(files.length));
  for (const kind of fileKinds) assert.ok(files.filter((file) => file.kind === kind).length >= 10, kind);
  assert.equal(new Set(files.map(({ name }) => name)).size, files.length);
});

test('the page is about these files', () => {
  const page = readFileSync(documentUrl, 'utf8');
  const hint = 'run: npm run envoy-verdicts';
  for (const kind of fileKinds) {
    const [, count] = new RegExp(`^\\| ${kind} \\|[^|]*\\| (\\d+) \\|`, 'm').exec(page) ?? [];
    assert.equal(Number(count), files.filter((file) => file.kind === kind).length, `${kind}; ${hint}`);
  }
  assert.match(page, /^\| all \|.*\| 0 \| \d+ \|$/m, hint);
});
