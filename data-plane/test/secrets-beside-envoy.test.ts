import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { sleep, systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../src/config/resources/testing/decode-yaml.ts';
import { probeAddress } from '../src/probe-address.ts';
import { get, RawClient } from '../src/router/testing/raw-client.ts';
import { askAdmin } from './statistics/ask-admin.ts';
import { cluster, listener, manager, socketAddress, type Json } from './statistics/bootstrap-parts.ts';
import { runEnvoyWithAdmin } from './statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from './statistics/sidecar-process.ts';
import { dynamicResources, XdsPusher } from './statistics/xds-pusher.ts';

const envoy = usePeer('envoy');
const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const authority = createCertificate({ commonName: 'ca', isAuthority: true, toDays: 5.5 });
const nextAuthority = createCertificate({ commonName: 'next ca', isAuthority: true, toDays: 5.5 });
const expiredAuthority = createCertificate({
  commonName: 'old ca',
  isAuthority: true,
  fromDays: -3,
  toDays: -1,
});
const leafOf = (commonName: string, issuer = authority): TestCertificate =>
  createCertificate({
    issuer,
    toDays: 5.5,
    commonName,
    dnsNames: ['a.test'],
    uris: [`spiffe://mesh/${commonName}`],
  });
const one = leafOf('one');
const two = leafOf('two');
const client = leafOf('client');
const nextClient = leafOf('client', nextAuthority);
const expired = createCertificate({ issuer: authority, commonName: 'expired', fromDays: -3, toDays: -1 });
const weak = createCertificate({ issuer: authority, commonName: 'weak', keyType: 'rsa', keyBits: 1024 });

const inline = (text: string): Json => ({ inline_string: text });
const certificateSecret = ({ pem }: TestCertificate, { privateKeyPem }: TestCertificate): Json => ({
  name: 'leaf',
  tls_certificate: { certificate_chain: inline(pem), private_key: inline(privateKeyPem) },
});
const rootSecret = (pem: string, more: Json = {}): Json => ({
  name: 'root',
  validation_context: { trusted_ca: inline(pem), ...more },
});
const overAds = (name: string): Json => ({
  name,
  sds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
});

const common = {
  tls_certificate_sds_secret_configs: [overAds('leaf')],
  combined_validation_context: {
    default_validation_context: {
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: 'spiffe://mesh/' } }],
    },
    validation_context_sds_secret_config: overAds('root'),
  },
};
const socketOf = (kind: string, context: Json): Json => ({
  transport_socket: { name: 'tls', typed_config: { '@type': `${tls}.${kind}TlsContext`, ...context } },
});

function buildBootstrap(xdsPort: number, ports: Ports): Json {
  const direct = [{ match: { prefix: '/' }, direct_response: { status: 200, body: inline('in') } }];
  const filters = [
    { name: 'm', typed_config: manager('secure', direct, { delayed_close_timeout: '0.05s' }) },
  ];
  const secure = socketOf('Downstream', { require_client_certificate: true, common_tls_context: common });
  const dynamic = dynamicResources(xdsPort);
  return {
    ...dynamic,
    static_resources: {
      ...(dynamic['static_resources'] as Json),
      listeners: [
        listener(
          'secure',
          {},
          { address: socketAddress(ports.secure), filter_chains: [{ filters, ...secure }] },
        ),
        listener(
          'plain',
          manager('plain', [], {
            route_config: {
              virtual_hosts: [
                {
                  name: 'v',
                  domains: ['*'],
                  routes: [{ match: { prefix: '/' }, route: { cluster: 'mutual' } }],
                },
              ],
              validate_clusters: false,
            },
          }),
          { address: socketAddress(ports.plain) },
        ),
      ],
    },
  };
}

interface Ports {
  readonly secure: number;
  readonly plain: number;
}

interface Proxy {
  readonly adminPort: number;
  stop(): Promise<void>;
}

async function open(port: number, as: TestCertificate): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    cert: as.pem,
    key: as.privateKeyPem,
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** The certificate that serves, and what comes of a request with it. */
async function visit(port: number, as: TestCertificate): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    cert: as.pem,
    key: as.privateKeyPem,
  });
  socket.on('error', () => undefined);
  let received = '';
  let name = '';
  socket.once('secureConnect', () => (name = String(socket.getPeerCertificate().subject.CN)));
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  return received === '' ? 'refused' : `${name} ${received.slice(9, 12)}`;
}

const changes: readonly (readonly [name: string, secret: Json])[] = [
  ['another leaf', certificateSecret(two, two)],
  ['the key of another', certificateSecret(one, two)],
  ['no PEM', { name: 'leaf', tls_certificate: { certificate_chain: inline('x'), private_key: inline('y') } }],
  ['no key', { name: 'leaf', tls_certificate: { certificate_chain: inline(one.pem) } }],
  ['a weak key', certificateSecret(weak, weak)],
  ['a root as leaf', { name: 'leaf', validation_context: { trusted_ca: inline(authority.pem) } }],
  ['an expired leaf', certificateSecret(expired, expired)],
  ['the first leaf', certificateSecret(one, one)],
  ['a root that is no PEM', rootSecret('x')],
  ['an expired root', rootSecret(expiredAuthority.pem)],
  ['no root', { name: 'root', validation_context: {} }],
  ['a bad hash', rootSecret(authority.pem, { verify_certificate_hash: ['x'] })],
  ['the next root too', rootSecret(authority.pem + nextAuthority.pem)],
  ['the next root alone', rootSecret(nextAuthority.pem)],
];

/** What a proxy makes of secrets that come, change and break: one line for each. */
async function observe(t: TestContext, start: (bootstrap: Json) => Promise<Proxy>): Promise<string[]> {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  t.after(() => pusher.server.kill());
  const free = async (): Promise<number> => (await probeAddress({ address: '127.0.0.1', port: 0 })).port;
  const ports: Ports = { secure: await free(), plain: await free() };
  const { secret } = resourceTypes;
  const proxy = await start(buildBootstrap(pusher.server.port, ports));
  t.after(() => proxy.stop());
  const seen: string[] = [];
  await pusher.connected();
  await pusher.asked(resourceTypes.cluster);
  const mutual = cluster('mutual', [ports.secure], {
    connect_timeout: '5s',
    ...socketOf('Upstream', { common_tls_context: common }),
  });
  pusher.push(resourceTypes.cluster, { mutual });
  await pusher.asked(secret, 'leaf');
  await pusher.asked(secret, 'root');
  await pusher.refusalOf(pusher.push(secret, { leaf: certificateSecret(one, one) }));
  seen.push(`without its root: ${await isAccepting(ports.secure)}`);
  await pusher.refusalOf(pusher.push(secret, { root: rootSecret(authority.pem) }));
  for (const port of [ports.secure, ports.plain]) {
    await until(() => isAccepting(port));
  }
  seen.push(
    `with both: ${await visit(ports.secure, client)}, upstream ${(await get(ports.plain, '/')).status}`,
  );
  const kept = new RawClient(await open(ports.secure, client));
  for (const [name, json] of changes) {
    const secretName = String(json['name']);
    const refusal = await pusher.refusalOf(pusher.push(secret, { [secretName]: json }));
    assert.doesNotMatch(refusal ?? '', /PRIVATE KEY/);
    const settled = async (): Promise<string> => {
      const visits = [await visit(ports.secure, client), await visit(ports.secure, nextClient)];
      return visits.join(', ');
    };
    // The workers follow in their time.
    let last = '';
    for (let now = await settled(); now !== last; now = await settled()) {
      last = now;
      await sleep(systemClock, 30);
    }
    seen.push(`${name}: ${refusal === undefined ? 'ACK' : 'NACK'}, ${last}`);
  }
  kept.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  seen.push(`a connection of before: ${(await kept.answer()).status}`);
  kept.close();
  await pusher.refusalOf(pusher.push(secret, {}, ['leaf']));
  seen.push(`removed: ${await visit(ports.secure, nextClient)}`);
  const dump = await askAdmin(proxy.adminPort, '/config_dump');
  assert.doesNotMatch(dump, /PRIVATE KEY/);
  assert.equal(dump.includes(Buffer.from(one.privateKeyPem).toString('base64').slice(0, 60)), false);
  const statistics = await askAdmin(proxy.adminPort, '/stats');
  for (const line of statistics.split('\n').sort()) {
    // Envoy counts one refusal for every user of the secret.
    // Envoy counts one refusal for every user of the secret.
    if (/^sds\.(leaf|root)\.(update_success|key_rotation_failed|init_fetch_timeout): /.test(line)) {
      seen.push(line);
    }
    if (/ssl_context_update_by_sds|secrets_not_ready|expiration_unix_time|days_until_first_cert/.test(line)) {
      if (!/not_ready: 0$/.test(line)) seen.push(line.replace(String(ports.secure), 'port'));
    }
  }
  return seen;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(systemClock, 20);
}

test('secrets over ADS come, change, break and go as in a real Envoy', { skip: envoy.skip }, async (t) => {
  const [ours, theirs] = await Promise.all([
    observe(t, (bootstrap) => startSidecarProcess(bootstrap, { argv: ['--concurrency', '2'] })),
    observe(t, (bootstrap) => runEnvoyWithAdmin(envoy.path, bootstrap)),
  ]);
  assert.deepEqual(ours, theirs);
  assert.equal(ours.at(0), 'without its root: false');
});
