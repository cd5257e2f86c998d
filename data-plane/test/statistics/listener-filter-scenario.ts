import { RawClient } from '../../src/router/testing/raw-client.ts';
import { buildBinary } from '../../src/transport/proxy-protocol/testing/build-proxy-header.ts';
import {
  listener,
  listenerFilter,
  listenerRateLimit,
  manager,
  proxyProtocolFilter,
} from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n';
const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const brokenLine = 'PROXY TCP4\r\n';
const brokenBinary = buildBinary({ versionAndCommand: 0x11 });
const names = [
  'not_found_allowed',
  'not_found_disallowed',
  ...['v1', 'v2'].flatMap((version) =>
    ['found', 'disallowed', 'error'].map((name) => `versions.${version}.${name}`),
  ),
];

const openings = [
  request,
  'GET / HTTP/1.0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\0',
  'x'.repeat(70_000),
];
const inspectorNames = ['http10_found', 'http11_found', 'http2_found', 'http_not_found', 'read_error'];

/** Connections with a PROXY header, good, bad and missing; with and without HTTP; and too many. */
export async function runListenerFilterScenario(movements: Movements): Promise<void> {
  const kinds = {
    strict: {},
    lenient: { allow_requests_without_proxy_protocol: true },
    none: { disallowed_versions: ['V1', 'V2'] },
  };
  const listeners = ['', 'named'].flatMap((stat_prefix) =>
    Object.entries(kinds).map(([name, fields]) =>
      listener(name + stat_prefix, manager('m', []), {
        listener_filters: [proxyProtocolFilter({ stat_prefix, ...fields })],
      }),
    ),
  );
  const httpInspector = listenerFilter('http_inspector.v3.HttpInspector');
  listeners.push(
    listener('limited', manager('m', []), { listener_filters: [listenerRateLimit(1)] }),
    listener('inspected', manager('m', []), { listener_filters: [httpInspector] }),
  );
  const sidecar = await startSidecarProcess({ static_resources: { listeners } });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  const send = async (name: string, bytes: string | Buffer): Promise<void> => {
    const client = await RawClient.open(await sidecar.portOf(name));
    clients.push(client);
    client.socket.write(bytes);
  };
  try {
    for (const suffix of ['', 'named']) {
      for (const bytes of [line, request, brokenLine, buildBinary(), brokenBinary]) {
        await send(`strict${suffix}`, bytes);
      }
      await send(`lenient${suffix}`, request);
      for (const bytes of [line, buildBinary()]) await send(`none${suffix}`, bytes);
    }
    for (const bytes of openings) await send('inspected', bytes);
    await run.repeatUntilMoved('listener_local_ratelimit.<stat_prefix>.', ['rate_limited'], () => {
      send('limited', request).catch(() => undefined);
    });
    await run.untilMoved('http_inspector.', ...inspectorNames);
    await run.untilMoved('proxy_proto.', ...names);
    await run.untilMoved('proxy_proto.<stat_prefix>.', ...names);
    await run.untilMoved('', 'downstream_cx_proxy_proto_error');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
  }
}
