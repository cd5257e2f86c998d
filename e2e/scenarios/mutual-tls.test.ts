import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import { test } from 'node:test';
import type { Secret } from '@heddle/shared/model/secret';
import type { Service } from '@heddle/shared/model/service';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness, until } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { instance, service } from '../harness/objects.ts';
import {
  startControlPlane,
  startEnvoy,
  startService,
  startSidecar,
  untilReachable,
} from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';

const envoy = usePeer('envoy');

const certificateOf = (name: string, { pem, privateKeyPem }: TestCertificate): Secret => ({
  kind: 'Secret',
  metadata: { name },
  spec: { certificate: { chain: pem, privateKey: privateKeyPem } },
});
const bundleOf = (name: string, authorities: readonly TestCertificate[]): Secret => ({
  kind: 'Secret',
  metadata: { name },
  spec: { trustBundle: authorities.map(({ pem }) => pem).join('') },
});
const secured = (name: string): Service => ({
  ...service(name),
  spec: { tls: { certificate: `${name}-certificate`, trustBundle: 'mesh-root' } },
});

test(
  'services speak mutual TLS with secrets of the control plane, between our sidecars and real Envoys',
  { skip: envoy.skip },
  async () => {
    await using harness = createHarness('mutual-tls');
    const [controlPlane, app] = await Promise.all([
      startControlPlane(harness),
      startService(harness, { version: 'v1' }),
    ]);
    const { rest } = controlPlane;
    const first = createCertificate({ commonName: 'root 1', isAuthority: true });
    const leafOf = (issuer: TestCertificate, name: string): TestCertificate =>
      createCertificate({ issuer, commonName: name, dnsNames: [name] });
    await rest.apply(
      certificateOf('cart-certificate', leafOf(first, 'cart')),
      certificateOf('web-certificate', leafOf(first, 'web')),
      bundleOf('mesh-root', [first]),
    );
    await rest.apply(secured('cart'), secured('web'));
    const common = { appPort: app.port, upstreams: ['cart'], controlPlane };
    // One of each kind on both sides.
    const [theirCart, ourCart, theirWeb, ourWeb] = await Promise.all([
      startEnvoy(harness, envoy.path, { ...common, id: 'cart-1', service: 'cart' }),
      startSidecar(harness, { ...common, id: 'cart-2', service: 'cart' }),
      startEnvoy(harness, envoy.path, { ...common, id: 'web-1', service: 'web' }),
      startSidecar(harness, { ...common, id: 'web-2', service: 'web', isDelta: false }),
    ]);
    await rest.apply(
      instance('cart', 'cart-1', theirCart.inboundPort, { version: 'v1' }),
      instance('cart', 'cart-2', ourCart.inboundPort, { version: 'v1' }),
    );
    for (const proxy of [theirWeb, ourWeb]) {
      await untilReachable(proxy, 'cart');
      await untilBothWorkersAnswered(proxy, 'cart');
    }
    for (const { inboundPort } of [theirCart, ourCart]) {
      assert.equal(await handshake(inboundPort), false, 'a client without a certificate is refused');
    }
    const loads = [theirWeb, ourWeb].map((proxy) =>
      loadThrough(harness, [proxy], 'cart', { requestsPerSecond: 50 }),
    );
    // To another authority: trusted first, then used, then alone.
    const second = createCertificate({ commonName: 'root 2', isAuthority: true });
    const everybody = [theirCart, ourCart, theirWeb, ourWeb];
    const changed = async (...objects: Secret[]): Promise<void> => {
      const counts = await Promise.all(everybody.map(({ admin }) => updatesOf(admin.port)));
      await rest.apply(...objects);
      await until('every proxy has the secrets', async () => {
        const now = await Promise.all(everybody.map(({ admin }) => updatesOf(admin.port)));
        return now.every((count, index) => count > (counts[index] ?? 0));
      });
    };
    await changed(bundleOf('mesh-root', [first, second]));
    await changed(
      certificateOf('cart-certificate', leafOf(second, 'cart')),
      certificateOf('web-certificate', leafOf(second, 'web')),
    );
    await changed(bundleOf('mesh-root', [second]));
    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const { failed, failures } of reports) assert.equal(failed, 0, failures.join('\n'));

    // A proxy has what it refers to, and no reader gets a key.
    const { body: dump } = await call(ourWeb.admin.port, '/config_dump?resource=dynamic_active_secrets');
    assert.deepEqual([...dump.matchAll(/^ +"name": "(.*)",$/gm)].map(([, name]) => name).sort(), [
      ...['identity', 'identity', 'inbound|trust', 'inbound|trust', 'trust|mesh-root', 'trust|mesh-root'],
    ]);
    const { body: listed } = await call(rest.port, '/v1/secrets');
    for (const text of [dump, listed]) {
      assert.doesNotMatch(text, /PRIVATE KEY/);
      assert.match(text, /\[redacted\]/);
    }
  },
);

/** How often secrets came. */
async function updatesOf(adminPort: number): Promise<number> {
  const { body } = await call(adminPort, '/stats?filter=ssl_context_update_by_sds');
  return [...body.matchAll(/: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Whether anything comes back to somebody without a certificate. */
function handshake(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    let hasAnswer = false;
    socket.on('error', () => undefined);
    socket.on('data', () => (hasAnswer = true));
    socket.on('close', () => resolve(hasAnswer));
    socket.write('GET / HTTP/1.1\r\nhost: cart\r\nconnection: close\r\n\r\n');
  });
}
