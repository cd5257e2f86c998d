import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  parseListeningInodes,
  parseStatusNumber,
  readListeningInodes,
  readProcessFigures,
} from './process-figures.ts';

test('figures of this process: what it opens is counted, and by kind', async () => {
  const server = createServer();
  const before = readProcessFigures(process.pid, readListeningInodes());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const listening = readProcessFigures(process.pid, readListeningInodes());
  assert.equal(listening.listeningCount, before.listeningCount + 1);
  assert.equal(listening.socketCount, before.socketCount);
  const { port } = server.address() as { port: number };
  const client = connect(port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
  const file = openSync('/dev/null', 'r');
  const open = readProcessFigures(process.pid, readListeningInodes());
  assert.equal(open.socketCount, before.socketCount + 2);
  assert.equal(open.descriptorCount, listening.descriptorCount + 3);
  assert.ok(open.rssBytes > 10_000_000 && open.threadCount >= 4);
  closeSync(file);
  client.destroy();
  accepted.destroy();
  server.close();
});

test('a process that has ended has no figures', () => {
  assert.throws(() => readProcessFigures(2 ** 22 + 1, new Set()), /ENOENT/);
});

test('the kernel’s tables', () => {
  assert.equal(parseStatusNumber('Name:\tnode\nVmRSS:\t  123456 kB\nThreads:\t11\n', 'VmRSS'), 123_456);
  assert.equal(parseStatusNumber('Name:\tnode\nState:\tZ (zombie)\n', 'VmRSS'), 0);
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:2198 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0',
    '   1: 0100007F:2198 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1',
    '',
  ].join('\n');
  assert.deepEqual(parseListeningInodes(table), ['4711']);
});
