import http from 'node:http';
import type { Socket } from 'node:net';

/** Keep-alive connections to one port. */
export interface SocketTarget {
  /** For reports: `client-1 → cart`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Host header. */
  readonly host: string;
  readonly connections: number;
  /** A new connection for each request, closed by us: new ones must always be taken. */
  readonly isReconnecting?: boolean;
}

export interface SocketLoadOptions {
  readonly targets: readonly SocketTarget[];
  /** Over all connections, evenly; each has one request in flight at most. */
  readonly requestsPerSecond: number;
  /** A request without a whole answer for so long has failed; 20 s unless given. */
  readonly timeoutMs?: number;
  /** An answer's header that tells which configuration it was given under. */
  readonly markerHeader?: string;
  /** What went on when a request failed or a connection was closed; stands in the report's lines. */
  readonly context?: () => string;
}

export interface SocketLoadReport {
  readonly requests: number;
  /** Whatever is not a whole answer with 200. */
  readonly failed: number;
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly socketsOpened: number;
  /** Connections that ended without us. */
  readonly socketsClosed: number;
  /** One line for each failed request and closed connection; the first ones. */
  readonly events: readonly string[];
  /** For each connection that stays open, what the last answer on it said in `markerHeader`. */
  readonly markers: readonly { readonly target: string; readonly marker: string }[];
}

export interface SocketLoad {
  report(): SocketLoadReport;
  /** No further requests until `resume`; connections stay open. Resolves when those in flight have ended. */
  pause(): Promise<void>;
  resume(): void;
  /** No further requests; resolves when those in flight have ended. Idempotent. */
  stop(): Promise<SocketLoadReport>;
}

interface RequestShape {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Together they meet every match that a generated route may have. */
const shapes: readonly RequestShape[] = [
  { method: 'GET', path: '/', headers: {} },
  { method: 'GET', path: '/shop/items?page=2', headers: { 'x-user': 'test' } },
  { method: 'POST', path: '/api/v1/orders', headers: { 'x-removed': '1' }, body: 'x'.repeat(2000) },
  { method: 'GET', path: '/shop/items', headers: { 'x-user': 'other', 'x-set': '0' } },
  { method: 'POST', path: '/api/v2/orders?page=2', headers: { 'x-user': 'test' }, body: 'small' },
];

const shownEvents = 30;

/**
 * Steady load over connections that stay open: counts every request by outcome, and every connection that somebody
 * else closed. Nothing is sent twice: a request on a connection that is just being closed has failed.
 */
export function startSocketLoad(options: SocketLoadOptions): SocketLoad {
  const {
    targets,
    requestsPerSecond,
    timeoutMs = 20_000,
    markerHeader = 'x-marker',
    context = () => '',
  } = options;
  const connectionCount = targets.reduce((sum, target) => sum + target.connections, 0);
  const intervalMs = (connectionCount * 1000) / requestsPerSecond;
  const byOutcome: Record<string, number> = {};
  const events: string[] = [];
  const seen = new WeakSet<Socket>();
  const markers = new Map<http.Agent, { readonly target: string; readonly marker: string }>();
  let requests = 0;
  let failed = 0;
  let socketsOpened = 0;
  let socketsClosed = 0;
  let isStopped = false;
  let inFlight = 0;
  /** While paused. */
  let resumed: PromiseWithResolvers<undefined> | undefined;

  const tell = (text: string): void => {
    if (events.length < shownEvents)
      events.push(`${new Date().toISOString()} ${text} ${context()}`.trimEnd());
  };
  const watchSocket = (target: SocketTarget, socket: Socket): void => {
    if (seen.has(socket)) return;
    seen.add(socket);
    socketsOpened += 1;
    socket.once('close', () => {
      if (isStopped || target.isReconnecting === true) return;
      socketsClosed += 1;
      tell(`${target.name}: connection closed`);
    });
  };

  async function runConnection(
    target: SocketTarget,
    agent: http.Agent,
    index: number,
    offsetMs: number,
  ): Promise<void> {
    let dueMs = performance.now() + offsetMs;
    for (let turn = index; ;) {
      await pause(Math.max(0, dueMs - performance.now()));
      if (resumed !== undefined && !isStopped) {
        await resumed.promise;
        dueMs = performance.now() + offsetMs;
        continue;
      }
      const shape = shapes[turn++ % shapes.length];
      if (isStopped || shape === undefined) return;
      inFlight += 1;
      const { outcome, headers } = await send(target, shape, agent, timeoutMs, (socket) =>
        watchSocket(target, socket),
      );
      inFlight -= 1;
      if (target.isReconnecting !== true)
        markers.set(agent, { target: target.name, marker: String(headers[markerHeader] ?? '') });
      requests += 1;
      byOutcome[outcome] = (byOutcome[outcome] ?? 0) + 1;
      if (outcome !== '200') {
        failed += 1;
        tell(`${target.name}: ${shape.method} ${shape.path} ${outcome}`);
      }
      dueMs = Math.max(dueMs + intervalMs, performance.now());
    }
  }

  const agents: http.Agent[] = [];
  const runners = targets.flatMap((target) =>
    Array.from({ length: target.connections }, () => {
      const agent = new http.Agent({ keepAlive: target.isReconnecting !== true, maxSockets: 1 });
      agents.push(agent);
      return runConnection(target, agent, agents.length, (intervalMs * agents.length) / connectionCount);
    }),
  );
  const report = (): SocketLoadReport => ({
    requests,
    failed,
    byOutcome: { ...byOutcome },
    socketsOpened,
    socketsClosed,
    events: [...events],
    markers: [...markers.values()],
  });
  function resume(): void {
    resumed?.resolve(undefined);
    resumed = undefined;
  }
  return {
    report,
    async pause() {
      resumed ??= Promise.withResolvers<undefined>();
      while (inFlight > 0) await pause(5);
    },
    resume,
    async stop() {
      isStopped = true;
      resume();
      await Promise.all(runners);
      for (const agent of agents) agent.destroy();
      return report();
    },
  };
}

interface Outcome {
  /** The status, or what happened instead and the start of the body. */
  readonly outcome: string;
  readonly headers: http.IncomingHttpHeaders;
}

function send(
  target: SocketTarget,
  { method, path, headers, body }: RequestShape,
  agent: http.Agent,
  timeoutMs: number,
  onSocket: (socket: Socket) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const fail = (outcome: string): void => resolve({ outcome, headers: {} });
    const request = http.request(
      {
        host: target.address,
        port: target.port,
        method,
        path,
        agent,
        headers: { ...headers, host: target.host },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text = (text + chunk).slice(0, 200)));
        response.once('end', () =>
          resolve({
            outcome: response.statusCode === 200 ? '200' : `${response.statusCode} ${text.trim()}`,
            headers: response.headers,
          }),
        );
        response.once('error', (error) => fail(`answer cut short: ${error.message}`));
      },
    );
    request.setTimeout(timeoutMs, () => request.destroy(new Error('no answer in time')));
    request.once('socket', onSocket);
    request.once('error', (error) => fail('code' in error ? String(error.code) : error.message));
    request.end(body);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
