import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { get } from '../../src/router/testing/raw-client.ts';
import { cluster, listener, manager, route, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';
import { dynamicResources, XdsPusher } from './xds-pusher.ts';

const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const authority = createCertificate({ isAuthority: true });
const leaf = createCertificate({ issuer: authority });
const direct = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];

const overGrpc = (name: string): Json => ({
  name,
  sds_config: {
    initial_fetch_timeout: '0.3s',
    resource_api_version: 'V3',
    api_config_source: {
      api_type: 'DELTA_GRPC',
      transport_api_version: 'V3',
      rate_limit_settings: { max_tokens: 1, fill_rate: 0.5 },
      grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
    },
  },
});
const ofFile = (path: string): Json => ({ name: 'filed', sds_config: { path_config_source: { path } } });
const socketOf = (kind: string, common: Json): Json => ({
  transport_socket: {
    name: 'tls',
    typed_config: { '@type': `${tls}.${kind}TlsContext`, common_tls_context: common },
  },
});

/** Secrets that are late, change, break and come from files that do; connections that come before they do. */
export async function runSecretsScenario(movements: Movements): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  const pem = join(folder, 'leaf.pem');
  const key = join(folder, 'leaf.key');
  const file = join(folder, 'secret.json');
  writeFileSync(pem, leaf.pem);
  writeFileSync(key, leaf.privateKeyPem);
  const tlsCertificate = { certificate_chain: { filename: pem }, private_key: { filename: key } };
  const filed = { '@type': `${tls}.Secret`, name: 'filed', tls_certificate: tlsCertificate };
  writeFileSync(file, JSON.stringify({ version_info: '1', resources: [filed] }));
  const pusher = new XdsPusher();
  await pusher.server.listen();
  const dynamic = dynamicResources(pusher.server.port);
  const { clusters } = dynamic['static_resources'] as { clusters: Json[] };
  const common = { tls_certificate_sds_secret_configs: [overGrpc('late')] };
  const filters = [{ name: 'm', typed_config: manager('secure', direct) }];
  const upstream = socketOf('Upstream', common);
  const chain = { filters, ...socketOf('Downstream', common) };
  const filedChain = {
    filters: [{ name: 'm', typed_config: manager('filed', direct) }],
    ...socketOf('Downstream', { tls_certificate_sds_secret_configs: [ofFile(file)] }),
  };
  const sidecar = await startSidecarProcess({
    static_resources: {
      clusters: [...clusters, cluster('c', [1], upstream)],
      listeners: [
        listener('late', {}, { filter_chains: [chain] }),
        listener('filed', {}, { filter_chains: [filedChain] }),
        listener('plain', manager('plain', [route('c', { cluster: 'c' })])),
      ],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  try {
    await pusher.connected();
    await run.untilMoved('sds.<secret>.', 'init_fetch_timeout');
    const socket = connect(await sidecar.portOf('late'), '127.0.0.1').on('error', () => undefined);
    socket.end('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    await get(await sidecar.portOf('plain'), '/c/');
    await run.untilMoved(
      'listener.<address>.server_ssl_socket_factory.',
      'downstream_context_secrets_not_ready',
    );
    await run.untilMoved(
      'cluster.<cluster>.client_ssl_socket_factory.',
      'upstream_context_secrets_not_ready',
    );
    const { secret } = resourceTypes;
    const inline = (text: string): Json => ({ inline_string: text });
    const pair = { certificate_chain: inline(leaf.pem), private_key: inline(leaf.privateKeyPem) };
    pusher.push(secret, { late: { name: 'late', tls_certificate: pair } });
    await run.untilMoved('listener.<address>.', 'ssl.certificate.<secret>.expiration_unix_time_seconds');
    await run.untilMoved('cluster.<cluster>.', 'ssl.certificate.<secret>.expiration_unix_time_seconds');
    await run.untilMoved(
      'sds.<secret>.control_plane.',
      'pending_requests',
      'rate_limit_enforced',
      'identifier',
    );
    pusher.push(secret, { late: { name: 'late' } });
    await run.untilMoved('sds.<secret>.', 'update_rejected', 'update_success', 'version_text');
    writeFileSync(`${key}.next`, authority.privateKeyPem);
    renameSync(`${key}.next`, key);
    await run.untilMoved('sds.<secret>.', 'key_rotation_failed');
    pusher.server.kill();
    await run.untilMoved('sds.<secret>.', 'update_failure');
  } finally {
    await sidecar.stop();
    pusher.server.kill();
    rmSync(folder, { recursive: true });
  }
}
