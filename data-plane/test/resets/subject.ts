import { readFileSync } from 'node:fs';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { askAdmin } from '../statistics/ask-admin.ts';
import {
  cluster,
  fileLog,
  http2Options,
  manager,
  route,
  socketAddress,
  type Json,
} from '../statistics/bootstrap-parts.ts';
import { FramePeer } from '../statistics/frame-peer.ts';
import { startFrameServer } from '../statistics/frame-server.ts';
import type { ResetCase } from './cases.ts';

const waiting = { clock: systemClock, deadlineMs: 10_000, intervalMs: 5 };
const logFormat =
  '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n';

/** What is compared; those of nothing are left out. */
const counted =
  /^(cluster\.\w+\.upstream_rq_(rx_reset|tx_reset|pending_failure_eject|retry|5xx)|http\.m\.downstream_rq_(rx_reset|tx_reset|\dxx)|(cluster\.\w+\.)?http2\.(rx_reset|tx_reset|header_overflow|rx_messaging_error|\w*too_large))$/;

const requests = 'http.m.downstream_rq_total';
const levels: readonly string[] = ['http.m.downstream_rq_active', 'cluster.up.upstream_rq_active'];

type Statistics = Record<string, number>;

export interface Outcome {
  /** Status, flags and details of the log. */
  readonly line: string;
  readonly moved: Readonly<Record<string, number>>;
}

export function buildResources(port: number, upstreamPort: number, closedPort: number, log: string): Json {
  const { typed_config, ...file } = fileLog(log);
  const text = { text_format_source: { inline_string: logFormat } };
  const routes = [
    route('nobody', { cluster: 'nobody' }),
    route('timed', { cluster: 'up', timeout: '0.1s' }),
    { match: { prefix: '/' }, route: { cluster: 'up', timeout: '0s' } },
  ];
  const config = manager('m', routes, {
    access_log: [{ ...file, typed_config: { ...(typed_config as Json), log_format: text } }],
  });
  return {
    listeners: [
      {
        name: 'in',
        address: socketAddress(port),
        filter_chains: [{ filters: [{ name: 'm', typed_config: config }] }],
      },
    ],
    clusters: [
      cluster('up', [upstreamPort], { ...http2Options({}), connect_timeout: '5s' }),
      cluster('nobody', [closedPort], { ...http2Options({}), connect_timeout: '5s' }),
    ],
  };
}

/** A proxy that runs, and what it logs. */
export class Subject {
  readonly #port: number;
  readonly #adminPort: number;
  readonly #log: string;
  readonly #servers: Servers;

  constructor(port: number, adminPort: number, log: string, servers: Servers) {
    this.#port = port;
    this.#adminPort = adminPort;
    this.#log = log;
    this.#servers = servers;
  }

  /** What moved by a case. */
  async run(one: ResetCase, number: number): Promise<Statistics> {
    const path = pathOf(one, number);
    const before = await this.#statistics();
    let hasCome = false;
    this.#servers.onRequest = (peer, id) => {
      hasCome = true;
      one.answer?.(peer, id);
    };
    const client = await FramePeer.open(this.#port);
    one.request(client, path);
    if (one.then !== undefined) {
      await until(() => hasCome);
      one.then(client);
    }
    const after = await this.#settled(before);
    client.close();
    const moved = Object.keys(after)
      .filter((name) => counted.test(name))
      .map((name): [string, number] => [name, (after[name] ?? 0) - (before[name] ?? 0)])
      .filter(([, change]) => change !== 0);
    return Object.fromEntries(moved.sort());
  }

  /** What the log says of a case; a file is written to now and then. */
  async lineOf(one: ResetCase, number: number): Promise<string> {
    const path = pathOf(one, number);
    const find = (): string | undefined =>
      readFileSync(this.#log, 'utf8')
        .split('\n')
        .find((line) => line.startsWith(`${path} `));
    await waitUntil(`a line of ${path}`, () => find() !== undefined, waiting);
    return find()?.slice(path.length + 1) ?? '';
  }

  /** The statistics, once a request has come and no request is open on either side, and nothing moves any more. */
  async #settled(before: Statistics): Promise<Statistics> {
    let last = '';
    let now: Statistics = {};
    await waitUntil(
      'the request is over',
      async () => {
        now = await this.#statistics();
        const text = JSON.stringify(now);
        const isStill = text === last;
        last = text;
        return (
          isStill && now[requests] !== before[requests] && levels.every((name) => (now[name] ?? 0) === 0)
        );
      },
      waiting,
    );
    return now;
  }

  async #statistics(): Promise<Statistics> {
    const statistics: Statistics = {};
    for (const line of (await askAdmin(this.#adminPort, '/stats')).split('\n')) {
      const [name = '', value = ''] = line.split(': ');
      if (name === requests || levels.includes(name) || counted.test(name)) statistics[name] = Number(value);
    }
    return statistics;
  }
}

function pathOf({ path = '' }: ResetCase, number: number): string {
  return `${path}/${number}`;
}

/** A server that does what the case at hand says. */
export interface Servers {
  readonly port: number;
  onRequest: (peer: FramePeer, streamId: number) => void;
  close(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const server = await startFrameServer((peer, id) => servers.onRequest(peer, id));
  const servers: Servers = { port: server.port, onRequest: () => undefined, close: () => server.close() };
  return servers;
}
