import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { startHttpServer, until } from '../../src/upstream/testing/upstream-server.ts';
import { assignment, cluster, endpoint } from '../statistics/bootstrap-parts.ts';
import { EchoStream, startEchoServer } from './echo-stream.ts';
import { entrance, hosts, replacement, services, table, type Ports } from './resources.ts';
import { startOwn, startSubject, startTheirs, type Entrance, type Start, type Subject } from './subjects.ts';

const envoy = usePeer('envoy');
const types = resourceTypes;

interface Servers extends Ports {
  isHealthy: boolean;
}

async function startServers(t: TestContext): Promise<Servers> {
  const server = await startEchoServer(services);
  t.after(() => server.close());
  const servers = { server: server.port, health: 0, isHealthy: true };
  const health = await startHttpServer((_, answer) => answer.writeHead(servers.isHealthy ? 200 : 503).end());
  t.after(() => health.close());
  servers.health = health.port;
  return servers;
}

function open(t: TestContext, subject: Subject, service: string, through: Entrance = 'main'): EchoStream {
  const stream = new EchoStream(subject.portOf(through), service);
  t.after(() => stream.close());
  return stream;
}

type Outcomes = Record<string, string>;

/** Changes of everything but what the stream goes through. */
async function changeWhatIsUnrelated(t: TestContext, subject: Subject, servers: Servers): Promise<Outcomes> {
  const { pusher } = subject;
  const steady = open(t, subject, 'steady');
  const outcomes: Outcomes = { 'at first': await steady.outcome() };
  const look = async (what: string): Promise<void> => {
    outcomes[what] = await steady.outcome();
  };

  await subject.change('cluster_manager.cluster_modified', () =>
    pusher.push(types.cluster, { other: replacement('other', servers) }),
  );
  await look('another cluster replaced');

  await subject.change('cluster_manager.cluster_added', () =>
    pusher.push(types.cluster, { more: cluster('more', [servers.server]) }),
  );
  await look('a cluster added');

  await subject.change('cluster_manager.cluster_removed', () => pusher.push(types.cluster, {}, ['more']));
  await look('another cluster removed');

  await subject.change('http.main.rds.table.config_reload', () =>
    pusher.push(
      types.routeTable,
      table([{ match: { prefix: '/steady/' }, route: { cluster: 'other', timeout: '1s' } }]),
    ),
  );
  await look('its route goes elsewhere');

  await subject.change('http.main.rds.table.config_reload', () => pusher.push(types.routeTable, table()));
  await look('its route comes back');

  await subject.change('cluster.steady.membership_change', () =>
    pusher.push(types.endpoints, hosts('steady', [servers.server, servers.health])),
  );
  await look('a host added to its cluster');

  await subject.change('cluster.steady.membership_change', () =>
    pusher.push(types.endpoints, hosts('steady', [servers.server])),
  );
  await look('another host of its cluster removed');

  await subject.change('cluster.steady.update_success', () =>
    pusher.push(types.endpoints, {
      steady: assignment('steady', [endpoint(servers.server, { load_balancing_weight: 7 })]),
    }),
  );
  await look('the weight of its host changed');

  await subject.change('listener_manager.listener_in_place_updated', () =>
    pusher.push(types.listener, {
      changed: entrance('changed', subject.portOf('changed'), { stat_prefix: 'changed2' }),
    }),
  );
  await look('the filter chain of another listener replaced');

  await subject.change('listener_manager.listener_removed', () =>
    pusher.push(types.listener, {}, ['changed']),
  );
  await look('another listener removed');

  outcomes['at the end'] = await steady.finish();
  return outcomes;
}

/** Changes of what streams go through: each has its own. */
async function changeWhatIsRelated(t: TestContext, subject: Subject, servers: Servers): Promise<Outcomes> {
  const { pusher } = subject;
  const outcomes: Outcomes = {};
  const look = async (what: string, stream: EchoStream): Promise<void> => {
    outcomes[what] = await stream.outcome();
  };
  const opened = async (service: string, through?: Entrance): Promise<EchoStream> => {
    const stream = open(t, subject, service, through);
    assert.equal(await stream.outcome(), 'lives');
    return stream;
  };

  const replaced = await opened('replaced');
  await subject.change('cluster_manager.cluster_modified', () =>
    pusher.push(types.cluster, { replaced: replacement('replaced', servers) }),
  );
  await look('its cluster replaced', replaced);
  outcomes['its cluster replaced, and at the end'] = await replaced.finish();

  const removed = await opened('removed');
  // Make before break: the routes let go of it first.
  await subject.change('http.main.rds.table.config_reload', () =>
    pusher.push(types.routeTable, table([], ['removed'])),
  );
  await subject.change('cluster_manager.cluster_removed', () => pusher.push(types.cluster, {}, ['removed']));
  await look('its route and its cluster removed', removed);

  const leaving = await opened('leaving');
  await subject.change('cluster.leaving.membership_change', () =>
    pusher.push(types.endpoints, hosts('leaving', [])),
  );
  await look('its host removed', leaving);

  const failing = await opened('failing');
  servers.isHealthy = false;
  await subject.until('cluster.failing.membership_healthy', (count) => count === 0);
  await look('its host unhealthy', failing);
  servers.isHealthy = true;
  await subject.until('cluster.failing.membership_healthy', (count) => count === 1);

  const changed = await opened('steady', 'changed');
  await subject.change('listener_manager.listener_in_place_updated', () =>
    pusher.push(types.listener, {
      changed: entrance('changed', subject.portOf('changed'), { stat_prefix: 'changed2' }),
    }),
  );
  await look('its filter chain replaced', changed);

  const moved = await opened('steady', 'moved');
  await subject.change('listener_manager.listener_modified', () =>
    pusher.push(types.listener, {
      moved: entrance('moved', subject.portOf('moved'), {}, { per_connection_buffer_limit_bytes: 65_536 }),
    }),
  );
  await look('its listener replaced', moved);

  await until(() => changed.hasEnded && moved.hasEnded);
  await look('its filter chain replaced, and the drain time over', changed);
  await look('its listener replaced, and the drain time over', moved);
  outcomes['GOAWAY'] = String(await subject.value('http2.goaway_sent'));
  return outcomes;
}

/** Both run at the same time, each with servers of its own. */
async function compare(t: TestContext, make: typeof changeWhatIsRelated): Promise<[Outcomes, Outcomes]> {
  const run = async (start: Start): Promise<Outcomes> => {
    const servers = await startServers(t);
    return make(t, await startSubject(t, start, servers), servers);
  };
  return Promise.all([run(startOwn), run(startTheirs(envoy.path))]);
}

test(
  'a stream outlives every change that does not concern it, as with a real Envoy',
  {
    skip: envoy.skip,
  },
  async (t) => {
    const [ours, theirs] = await compare(t, changeWhatIsUnrelated);
    assert.deepEqual(ours, theirs);
    const { 'at the end': end, ...others } = ours;
    assert.equal(end, 'OK');
    assert.deepEqual([...new Set(Object.values(others))], ['lives']);
  },
);

test('a stream and the changes that do concern it, as with a real Envoy', { skip: envoy.skip }, async (t) => {
  const [ours, theirs] = await compare(t, changeWhatIsRelated);
  assert.deepEqual(theirs, {
    'its cluster replaced': 'lives',
    'its cluster replaced, and at the end': 'OK',
    'its route and its cluster removed': 'lives',
    'its host removed': 'lives',
    'its host unhealthy': 'lives',
    'its filter chain replaced': 'lives',
    'its listener replaced': 'lives',
    'its filter chain replaced, and the drain time over': 'UNAVAILABLE',
    'its listener replaced, and the drain time over': 'UNAVAILABLE',
    GOAWAY: '0',
  });
  // Its client has been told by GOAWAY; Node gives streams that break behind one the code of it, which is no error.
  assert.deepEqual(ours, {
    ...theirs,
    'its filter chain replaced, and the drain time over': 'INTERNAL',
    'its listener replaced, and the drain time over': 'INTERNAL',
    GOAWAY: '2',
  });
});
