import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { CodecWorkspace } from '../../src/codec/codec-workspace.ts';
import { LogFiles, logFileStats } from '../../src/downstream/http/access-log/log-file.ts';
import { createHttpConnectionManager } from '../../src/downstream/http/http-connection-manager.ts';
import { ManagerConfig } from '../../src/downstream/http/manager-config.ts';
import { RequestTurn } from '../../src/downstream/http/request-turn.ts';
import { DateText } from '../../src/downstream/http/response-headers.ts';
import { ConnectionInfo } from '../../src/downstream/network/connection-info.ts';
import type { NetworkFilterFactory } from '../../src/downstream/network/network-filter.ts';
import { createCountingStats } from '../../src/downstream/testing/counting-stats.ts';
import { ActiveRouteTables } from '../../src/router/active-route-tables.ts';
import { createRouterFilterFactory } from '../../src/router/router-filter.ts';
import {
  buildManager,
  buildRoute,
  buildTable,
  buildVirtualHost,
  forward,
  prefix,
} from '../../src/router/testing/route-fixtures.ts';
import { TimerWheel } from '../../src/time/timer-wheel.ts';
import { ClientCodecs } from '../../src/upstream/pool/client-codecs.ts';
import type { UpstreamConnector } from '../../src/upstream/pool/upstream-connector.ts';
import { buildClusterUpdate, buildHost } from '../../src/upstream/testing/cluster-updates.ts';
import { WorkerClusters } from '../../src/upstream/thread-local-clusters.ts';
import { Exchange, type Cut } from './exchange.ts';
import { MemoryWire, TaskQueue } from './memory-wire.ts';
import type { Observation } from './observation.ts';
import type { Rule } from './rule.ts';

/**
 * The whole request path of a worker (codec, manager, router, pool, codec) between two scripted peers, without
 * sockets and without time: an exchange is over when nobody has anything left to do, and takes microseconds.
 */
export class MemoryProxy {
  readonly #queue = new TaskQueue();
  readonly #managers: Readonly<Record<'default' | 'http10', NetworkFilterFactory>>;
  readonly #clusters: WorkerClusters;
  #exchange: Exchange | undefined;
  #upstreams: MemoryWire[] = [];

  constructor() {
    const wheel = new TimerWheel(createFakeClock());
    const stats = createCountingStats();
    const rng = createSeededRng(1);
    const connector: UpstreamConnector = { connect: () => this.#connectUpstream() };
    const workspace = new CodecWorkspace();
    const codecs = new ClientCodecs(workspace, wheel, rng);
    this.#clusters = new WorkerClusters({
      workerIndex: 0,
      workerCount: 1,
      clock: wheel,
      rng,
      stats,
      connector,
      codecs,
    });
    this.#clusters.apply(buildClusterUpdate('c', [buildHost(0, 80)], { http: { enableTrailers: true } }));
    const dependencies = {
      wheel,
      rng,
      stats,
      date: new DateText(wheel),
      workspace,
      routes: new ActiveRouteTables(),
      logFiles: new LogFiles({
        clock: wheel,
        stats: logFileStats.create(stats.scope('filesystem.')),
        logger: createSilentLogger(),
      }),
      filters: [createRouterFilterFactory(this.#clusters)],
      nodeAddress: '192.0.2.1',
      nextStreamId: () => 1,
      requestTurn: new RequestTurn(wheel),
    };
    const createManager = (acceptHttp10: boolean): NetworkFilterFactory => {
      const table = buildTable([buildVirtualHost([buildRoute(prefix('/'), forward('c'))])]);
      const manager = buildManager(table, {
        codecType: 'http1',
        acceptHttp10,
        enableTrailers: true,
        via: '1.1 proxy',
        upgrades: { websocket: { isEnabled: true } },
      });
      return createHttpConnectionManager(
        new ManagerConfig(manager, dependencies, {
          statsScope: stats,
          filterChainName: '',
          bufferLimitBytes: 1024 * 1024,
        }),
      );
    };
    this.#managers = { default: createManager(false), http10: createManager(true) };
  }

  /** One exchange at a time. */
  async run(rule: Rule, cut: Cut): Promise<Observation> {
    const exchange = new Exchange(rule, cut);
    this.#exchange = exchange;
    const client = new MemoryWire(this.#queue);
    const manager = this.#managers[rule.acceptsHttp10 === true ? 'http10' : 'default'];
    manager.createSession(client, {
      info: new ConnectionInfo(''),
      drainClose: () => false,
      onSessionEnd: () => undefined,
    });
    client.connectTo({
      onData: (text) => exchange.onClientData(text),
      onEnd: (isReset) => {
        exchange.onClientEnd(isReset);
        client.sendFin();
      },
    });
    exchange.attachClient({ write: (text) => client.send(text), end: () => client.sendFin() });
    for (const part of exchange.requestParts) client.send(part);
    if (rule.endsAfterRequest === true) client.sendFin();
    await this.#queue.run();
    const { observation } = exchange;
    await this.#endExchange(client);
    return observation;
  }

  close(): void {
    this.#clusters.close();
  }

  /** Nothing of one rule reaches the next. */
  async #endExchange(client: MemoryWire): Promise<void> {
    this.#exchange = undefined;
    client.close('abort');
    await this.#queue.run();
    for (const upstream of this.#upstreams) upstream.sendFin();
    await this.#queue.run();
    this.#upstreams = [];
  }

  #connectUpstream(): MemoryWire {
    const wire = new MemoryWire(this.#queue);
    const exchange = this.#exchange;
    if (exchange === undefined) throw new Error('a connection that no rule asked for');
    this.#upstreams.push(wire);
    const receive = exchange.connectUpstream({ write: (text) => wire.send(text), end: () => wire.sendFin() });
    wire.connectTo({ onData: receive, onEnd: () => undefined });
    wire.announceConnected();
    return wire;
  }
}
