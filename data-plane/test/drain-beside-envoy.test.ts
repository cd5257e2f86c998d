import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import { test, type TestContext } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { systemClock } from '@heddle/shared/time/clock';
import { RawClient } from '../src/router/testing/raw-client.ts';
import { until } from '../src/upstream/testing/upstream-server.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { cluster, listener, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from './statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';

const envoy = usePeer('envoy');
const drainTimeMs = 1_000;
const drainFlags = ['--drain-time-s', String(drainTimeMs / 1_000)];
const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const held = request.replace('/', '/held');
const waiting = { clock: systemClock, deadlineMs: 20_000, intervalMs: 20 };

interface Running {
  readonly port: number;
  readonly adminPort: number;
}

function buildResources(port: number, upstreamPort: number): Json {
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'up', timeout: '0s' } }];
  const fields = { drain_timeout: '0.1s', delayed_close_timeout: '0.1s' };
  return {
    listeners: [listener('in', manager('m', routes, fields), { address: socketAddress(port) })],
    clusters: [cluster('up', [upstreamPort], { connect_timeout: '5s' })],
  };
}

async function startEnvoy(t: TestContext, upstreamPort: number): Promise<Running> {
  const [port = 0] = await findFreePorts(1);
  const program = await runEnvoyWithAdmin(
    envoy.path,
    { static_resources: buildResources(port, upstreamPort) },
    drainFlags,
  );
  t.after(() => program.stop());
  await program.until(() => isAccepting(port));
  return { port, adminPort: program.adminPort };
}

async function startOwn(t: TestContext, upstreamPort: number): Promise<Running> {
  const [port = 0] = await findFreePorts(1);
  const sidecar = await startSidecarProcess(
    { static_resources: buildResources(port, upstreamPort) },
    { argv: ['--concurrency', '1', ...drainFlags] },
  );
  t.after(() => sidecar.stop());
  await sidecar.portOf('in');
  return { port, adminPort: sidecar.adminPort };
}

/** An HTTP/2 connection, and whether it was told to go. */
class Session {
  readonly session: ClientHttp2Session;
  wasTold = false;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on('error', () => undefined);
    this.session.on('goaway', () => (this.wasTold = true));
  }

  async get(path: string): Promise<string> {
    const stream = this.session.request({ ':path': path });
    let body = '';
    stream.setEncoding('utf8').on('data', (text: string) => (body += text));
    await once(stream, 'end');
    return body;
  }
}

/** What a drain did, in words that are the same for both proxies. */
async function drain(
  { port, adminPort }: Running,
  query: string,
  upstream: { readonly heldCount: () => number; readonly release: () => void },
): Promise<Json> {
  const untouched = await RawClient.open(port);
  const idle = await RawClient.open(port);
  idle.send(request);
  await idle.answer();
  const busy = await RawClient.open(port);
  const [idle2, busy2] = [new Session(port), new Session(port)];
  await idle2.get('/');
  await busy2.get('/');
  busy.send(held);
  const answer2 = busy2.get('/held');
  await until(() => upstream.heldCount() === 2);

  await askAdmin(adminPort, `/drain_listeners${query}`, 'POST');
  const toldMs = systemClock.monotonicMs();
  const isStoppedAtOnce = query === '';
  if (isStoppedAtOnce) await waitUntil('it refuses', async () => !(await isAccepting(port)), waiting);
  const meanwhile = isStoppedAtOnce ? 'refused' : await tryNew(port);
  // The drain time goes by: whoever waits for nothing is told, and goes.
  await waitUntil(
    'idle connections end',
    () => hasLeft(untouched) && hasLeft(idle) && idle2.session.closed && busy2.wasTold,
    waiting,
  );
  if (query === '?graceful') await waitUntil('it refuses', async () => !(await isAccepting(port)), waiting);
  // Before its end it is chance whether an answer is a connection's last.
  const isOver = (): boolean => systemClock.monotonicMs() - toldMs > drainTimeMs;
  await waitUntil('the drain time is over', isOver, waiting);
  const afterwards = await tryNew(port);
  upstream.release();
  const answer = await busy.answer();
  for (const client of [untouched, idle, busy]) client.close();
  return {
    meanwhile,
    afterwards,
    busy: [answer.body, answer.header('connection')],
    busy2: await answer2,
  };
}

function hasLeft(client: RawClient): boolean {
  return client.hasEnded || client.isClosed;
}

async function tryNew(port: number): Promise<string> {
  if (!(await isAccepting(port))) return 'refused';
  const client = await RawClient.open(port);
  client.send(request);
  const { status } = await client.answer();
  client.close();
  return `answered ${status}`;
}

for (const query of ['', '?graceful', '?skip_exit', '?graceful&skip_exit']) {
  test(`POST /drain_listeners${query}: what a real Envoy does`, { skip: envoy.skip }, async (t) => {
    const observed = await Promise.all(
      [startEnvoy, startOwn].map(async (start) => {
        const answers: ServerResponse[] = [];
        const upstream = createServer({ keepAliveTimeout: 60_000 }, ({ url }, response) => {
          if (url === '/held') answers.push(response);
          else response.end('ok');
        });
        await once(upstream.listen(0, '127.0.0.1'), 'listening');
        t.after(() => {
          upstream.closeAllConnections();
          upstream.close();
        });
        const address = upstream.address();
        const running = await start(t, typeof address === 'object' ? (address?.port ?? 0) : 0);
        return drain(running, query, {
          heldCount: () => answers.length,
          release() {
            for (const response of answers) response.end('late');
          },
        });
      }),
    );
    const [expected, own] = observed;
    assert.deepEqual(own, expected);
    const isOpenAfterwards = query.includes('skip_exit');
    assert.deepEqual(own, {
      meanwhile: query === '' ? 'refused' : 'answered 200',
      afterwards: isOpenAfterwards ? 'answered 200' : 'refused',
      busy: ['late', 'close'],
      busy2: 'late',
    });
  });
}
