import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { testConnection } from '../connection.contract.ts';
import { closeBoth } from '../testing/connection-events.ts';
import { ReadSlabs } from '../read-slabs.ts';
import { findReaderAttachment } from '../reader-attachment.ts';
import { SocketReader } from '../socket-reader.ts';
import { createTransportContext } from '../transport-context.ts';
import { buildDownstreamTls, buildUpstreamTls, defaultParameters, toModel } from './testing/tls-fixtures.ts';
import { createTlsPair } from './testing/tls-pair.ts';

const server = buildDownstreamTls([toModel(createCertificate())], { alpnProtocols: ['h2', 'http/1.1'] });
const clients = {
  'TLS 1.2': buildUpstreamTls(),
  'TLS 1.3': buildUpstreamTls({ parameters: defaultParameters }),
};

const attachment = await findReaderAttachment(() => new SocketReader(new ReadSlabs(systemClock)));
/** Every test runs with Node's ways to accept and to read, and with ours. */
const ways = [
  { way: 'as Node does', options: {} },
  { way: 'into slabs', options: { hasFastAccept: true, readerAttachment: attachment } },
];

for (const { way, options } of ways) {
  for (const [name, client] of Object.entries(clients)) {
    testConnection(`${name}, ${way}`, (clock) =>
      createTlsPair(createTransportContext(new TimerWheel(clock), options), server, client),
    );
  }
}

test('both ends know that they are secure and what they agreed to speak', async () => {
  const context = createTransportContext(new TimerWheel(systemClock), { hasFastAccept: true });
  for (const [offered, agreed] of [
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [['spdy'], ''],
    [[], ''],
  ] as const) {
    const pair = await createTlsPair(context, server, buildUpstreamTls({ alpnProtocols: offered }));
    for (const { connection } of [pair.client, pair.server]) {
      assert.equal(connection.isSecure, true);
      assert.equal(connection.alpnProtocol, agreed);
    }
    assert.equal(pair.client.connection.remoteAddress.port, pair.server.connection.localAddress.port);
    assert.equal(pair.client.connection.localAddress.port, pair.server.connection.remoteAddress.port);
    await closeBoth(pair);
  }
});
