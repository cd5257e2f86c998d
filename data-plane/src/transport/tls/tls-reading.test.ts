import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect } from 'node:tls';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { ReadSlabs } from '../read-slabs.ts';
import { findReaderAttachment } from '../reader-attachment.ts';
import { SocketReader } from '../socket-reader.ts';
import { closeBoth, Events } from '../testing/connection-events.ts';
import { createTransportContext, type TransportContext } from '../transport-context.ts';
import { buildDownstreamTls, buildUpstreamTls, toModel } from './testing/tls-fixtures.ts';
import { createTlsPair, listenTls } from './testing/tls-pair.ts';

const server = buildDownstreamTls([toModel(createCertificate())]);
const attachment = await findReaderAttachment(() => new SocketReader(new ReadSlabs(systemClock)));

for (const readerAttachment of [undefined, attachment]) {
  const suffix = readerAttachment === undefined ? ' (by events)' : ' (into slabs)';
  const createContext = (): TransportContext =>
    createTransportContext(new TimerWheel(systemClock), { hasFastAccept: true, readerAttachment });

  test(`what was decrypted before a pause waits for its end, in order, and the end of the stream behind it${suffix}`, async () => {
    let onServer: (events: Events) => void = () => undefined;
    const accepted = new Promise<Events>((resolve) => (onServer = resolve));
    const listener = await listenTls(createContext(), server, (connection) =>
      onServer(new PausingEvents(connection)),
    );
    const client = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => client.once('secureConnect', resolve));
    client.setMaxSendFragment(512);
    const sent = Buffer.from(Array.from({ length: 8_000 }, (_, index) => index % 251));
    client.end(sent);
    const events = await accepted;
    await events.until(() => events.chunks.length === 1);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    assert.equal(events.chunks.length, 1);
    while (!events.log.includes('end')) {
      if (events.connection.isReadDisabled) events.connection.readDisable(false);
      await nextTurn();
    }
    assert.deepEqual(Buffer.concat(events.chunks), sent);
    assert.equal(events.chunks.length, 16);
    assert.equal(events.connection.bytesRead, sent.length);
    events.connection.close('flush');
    await events.untilLogged('close');
    await listener.close();
  });

  test(`connections that share a slab do not mix their bytes, small and large reads alike${suffix}`, async () => {
    const context = createContext();
    const client = buildUpstreamTls();
    const pairs = await Promise.all([1, 2, 3].map(() => createTlsPair(context, server, client)));
    const rng = createSeededRng(3);
    const sent = pairs.map(() => [] as Buffer[]);
    for (let round = 0; round < 30; round++) {
      for (const [index, pair] of pairs.entries()) {
        const size = 1 + randomInteger(rng, round % 3 === 0 ? 120_000 : 6_000);
        const bytes = Buffer.alloc(size, index * 30 + round);
        sent[index]!.push(bytes);
        pair.client.connection.write(bytes);
      }
      await nextTurn();
    }
    for (const [index, pair] of pairs.entries()) {
      const expected = Buffer.concat(sent[index]!);
      await pair.server.until(() => pair.server.connection.bytesRead === expected.length);
      assert.ok(Buffer.concat(pair.server.chunks).equals(expected));
      await closeBoth(pair);
    }
  });
}

test('what one connection has read is written to others without a copy, and arrives as it was', async () => {
  const context = createTransportContext(new TimerWheel(systemClock), {
    hasFastAccept: true,
    readerAttachment: attachment,
  });
  const pairs = await Promise.all([1, 2, 3].map(() => createTlsPair(context, server, buildUpstreamTls())));
  const [from, ...to] = pairs;
  from!.server.connection.setHandlers({
    onData: (chunk) => {
      for (const { server: other } of to) other.connection.write(chunk);
    },
    onEnd: () => undefined,
    onClose: () => undefined,
  });
  const rng = createSeededRng(5);
  const sent = Buffer.from(Array.from({ length: 1_000_000 }, () => randomInteger(rng, 256)));
  from!.client.connection.write(sent);
  for (const { client } of to) {
    await client.until(() => client.connection.bytesRead === sent.length);
    assert.ok(Buffer.concat(client.chunks).equals(sent));
  }
  from!.server.connection.setHandlers(from!.server);
  assert.ok(context.readSlabs.bulkCount > 0);
  for (const pair of pairs) await closeBoth(pair);
});

/** Stops reading with every chunk. */
class PausingEvents extends Events {
  override onData(chunk: Buffer): void {
    this.connection.readDisable(true);
    super.onData(chunk);
  }
}
