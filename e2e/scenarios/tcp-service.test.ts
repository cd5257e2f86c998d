import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness, until } from '../harness/harness.ts';
import { instance } from '../harness/objects.ts';
import { startControlPlane, startEnvoy, startSidecar } from '../harness/parts.ts';

const envoy = usePeer('envoy');
const connectionsInARow = 12;

test(
  'a service of bytes is reached through our sidecars and real Envoys, and loses no connection when its instances change',
  { skip: envoy.skip },
  async (t) => {
    await using harness = createHarness('tcp-service');
    const [controlPlane, servicePort, one, two] = await Promise.all([
      startControlPlane(harness),
      findFreePort(),
      startLineServer(t, 'one'),
      startLineServer(t, 'two'),
    ]);
    const { rest } = controlPlane;
    await rest.apply({
      kind: 'Service',
      metadata: { name: 'store' },
      spec: { protocol: 'tcp', port: servicePort },
    });
    // One of each kind on both sides.
    const [ourStore, theirStore, ourClient, theirClient] = await Promise.all([
      startSidecar(harness, {
        id: 'store-1',
        service: 'store',
        appPort: one.port,
        upstreams: [],
        controlPlane,
      }),
      startEnvoy(harness, envoy.path, {
        id: 'store-2',
        service: 'store',
        appPort: two.port,
        upstreams: [],
        controlPlane,
      }),
      // Both offer the port of the service.
      startSidecar(harness, {
        id: 'client-1',
        listenAddress: '127.0.0.2',
        upstreams: ['store'],
        controlPlane,
      }),
      startEnvoy(harness, envoy.path, { id: 'client-2', upstreams: ['store'], controlPlane }),
    ]);
    const clients = [ourClient, theirClient];
    const newConnectionsReach = async (server: string): Promise<void> => {
      for (const { id, listenAddress } of clients) {
        // One that does is not enough: for a moment both instances are there, and workers change one after the other.
        await until(`connections through ${id} reach ${server}`, async () => {
          for (let count = 0; count < connectionsInARow; count++) {
            const client = await LineClient.open(servicePort, listenAddress).catch(() => undefined);
            const answer = await client?.ask('new');
            client?.close();
            if (answer !== `${server}: new`) return false;
          }
          return true;
        });
      }
    };
    const openEverywhere = (): Promise<LineClient[]> =>
      Promise.all(clients.map(({ listenAddress }) => LineClient.open(servicePort, listenAddress)));

    await rest.apply(instance('store', 'store-1', ourStore.inboundPort));
    await newConnectionsReach('one');
    const early = await openEverywhere();
    t.after(() => early.forEach((client) => client.close()));
    for (const client of early) assert.equal(await client.ask('a'), 'one: a');

    await rest.apply(instance('store', 'store-2', theirStore.inboundPort));
    await rest.delete('/v1/services/store/instances/store-1');
    await newConnectionsReach('two');
    const late = await openEverywhere();
    t.after(() => late.forEach((client) => client.close()));
    // Whoever is connected stays with the instance that is gone from the service.
    for (const client of early) assert.equal(await client.ask('b'), 'one: b');
    for (const client of late) assert.equal(await client.ask('c'), 'two: c');

    await rest.apply(instance('store', 'store-1', ourStore.inboundPort));
    await rest.delete('/v1/services/store/instances/store-2');
    await newConnectionsReach('one');
    for (const client of late) assert.equal(await client.ask('d'), 'two: d');
    // Each way still ends on its own.
    for (const client of [...early, ...late]) {
      client.socket.end('last\n');
      assert.match((await client.next()) ?? '', /^(one|two): last$/);
      assert.equal(await client.next(), undefined);
    }
  },
);

/** Answers each line with its name and the line. */
async function startLineServer(t: TestContext, name: string): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const lines = createInterface(socket);
    lines.on('line', (line) => socket.write(`${name}: ${line}\n`));
    lines.on('close', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}

class LineClient {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string, undefined>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#lines = createInterface(socket)[Symbol.asyncIterator]();
  }

  static async open(port: number, host: string): Promise<LineClient> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    return new LineClient(socket);
  }

  /** The answer; undefined when the connection has ended. */
  ask(line: string): Promise<string | undefined> {
    this.socket.write(`${line}\n`);
    return this.next();
  }

  async next(): Promise<string | undefined> {
    return (await this.#lines.next()).value;
  }

  close(): void {
    this.socket.destroy();
  }
}
