import { RawClient } from '../../src/router/testing/raw-client.ts';
import { buildBinary } from '../../src/transport/proxy-protocol/testing/build-proxy-header.ts';
import { listener, manager, proxyProtocolFilter } from './bootstrap-parts.ts';
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

/** Connections with a PROXY header, good, bad and missing. */
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
    await run.untilMoved('proxy_proto.', ...names);
    await run.untilMoved('proxy_proto.<stat_prefix>.', ...names);
    await run.untilMoved('', 'downstream_cx_proxy_proto_error');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
  }
}
