import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { usePeer } from '@heddle/shared/testing/peers';
import { probeAddress } from '../../src/probe-address.ts';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { askVerdicts } from './ask-verdict.ts';
import { buildCorpus, validHeaders } from './corpus.ts';
import { differencesDocument, documentPath } from './differences-document.ts';
import { knownDifferences } from './known-differences.ts';
import { runHaproxy, startEnvoy, startHaproxy, startHeddle, type Subject } from './subjects.ts';

const envoy = usePeer('envoy');
const haproxy = usePeer('haproxy');

test(
  'headers are read as Envoy and HAProxy read them, but for what the page says',
  { skip: envoy.skip || haproxy.skip },
  async (t) => {
    const corpus = buildCorpus();
    const headers = corpus.map(({ bytes }) => [bytes]);
    const heddle = await startHeddle(t);
    const ours = await askVerdicts(heddle.port, headers);
    const peers: readonly Subject[] = [await startEnvoy(t, envoy.path), await startHaproxy(t, haproxy.path)];
    const unexplained: string[] = [];
    const applied = new Set<(typeof knownDifferences)[number]>();
    for (const { name: peer, port } of peers) {
      const theirs = await askVerdicts(port, headers);
      for (const [index, { name }] of corpus.entries()) {
        if (ours[index] === theirs[index]) continue;
        const known = knownDifferences.find(({ than, entries }) => than === peer && entries.test(name));
        if (known === undefined)
          unexplained.push(`${name}: ${ours[index] ?? ''}; ${peer}: ${theirs[index] ?? ''}`);
        else applied.add(known);
      }
    }
    assert.deepEqual(unexplained, []);
    assert.deepEqual(
      knownDifferences.filter((known) => !applied.has(known)),
      [],
      'is no difference any more',
    );
  },
);

test('a valid header may be cut at every byte', async (t) => {
  const heddle = await startHeddle(t);
  for (const { name, bytes } of validHeaders) {
    const [whole] = await askVerdicts(heddle.port, [[bytes]]);
    assert.notEqual(whole, 'closed', name);
    const cuts = Array.from({ length: bytes.length - 1 }, (_, index) => [
      bytes.subarray(0, index + 1),
      bytes.subarray(index + 1),
    ]);
    const verdicts = new Set(await askVerdicts(heddle.port, cuts));
    assert.deepEqual([...verdicts], [whole], name);
  }
});

test('what HAProxy sends is understood', { skip: haproxy.skip }, async (t) => {
  const heddle = await startHeddle(t);
  const kinds = [
    'send-proxy',
    'send-proxy-v2',
    'send-proxy-v2 proxy-v2-options crc32c',
    'send-proxy-v2 proxy-v2-options unique-id,crc32c',
  ];
  const { port: first } = await probeAddress({ address: '127.0.0.1', port: 0 });
  // Addresses of its own: one port is enough.
  const sections = kinds.map(
    (kind, index) => `frontend f${index}
  bind 127.0.0.${index + 2}:${first}
  unique-id-format %ci-%cp
  default_backend b${index}
backend b${index}
  server heddle 127.0.0.1:${heddle.port} ${kind}
`,
  );
  await runHaproxy(t, haproxy.path, first, `frontend ready\n  bind 127.0.0.1:${first}\n${sections.join('')}`);
  for (const [index, kind] of kinds.entries()) {
    const host = `127.0.0.${index + 2}`;
    const client = await RawClient.open(first, host);
    const own = client.socket.localPort ?? 0;
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const told = (await client.answer()).header('told');
    assert.equal(told, `${client.socket.localAddress ?? ''}:${own} ${host}:${first}`, kind);
    client.close();
  }
});

test('docs/proxy-protocol.md is what the table says', async () => {
  const options = await resolveConfig(documentPath);
  const text = await format(differencesDocument(buildCorpus().length), {
    ...options,
    filepath: documentPath,
  });
  assert.equal(readFileSync(documentPath, 'utf8'), text, 'run write-document.ts');
});
