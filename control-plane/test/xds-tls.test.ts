import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import type { XdsTlsSettings } from '../src/xds/xds-certificates.ts';
import { put, startApp, startEnvoy, startTestControlPlane, untilAnswer, untilEqual } from './mesh-harness.ts';

const envoy = usePeer('envoy');
const sidecar = path.join(import.meta.dirname, '../../data-plane/src/main.ts');
const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const serverOf = (commonName: string): TestCertificate =>
  createCertificate({ issuer: authority, commonName, dnsNames: ['xds.test'] });
const first = serverOf('first');
const second = serverOf('second');
const client = createCertificate({ issuer: authority });
const stranger = createCertificate();

class Files {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'xds-tls-'));

  constructor(t: TestContext) {
    t.after(() => rmSync(this.#folder, { recursive: true }));
    this.put('ca.pem', authority.pem);
    this.putServer(first);
  }

  get settings(): XdsTlsSettings & { readonly clientCaFile: string } {
    const file = (name: string): string => path.join(this.#folder, name);
    return { certFile: file('cert.pem'), keyFile: file('key.pem'), clientCaFile: file('ca.pem') };
  }

  /** By a rename. */
  put(name: string, text: string): void {
    const file = path.join(this.#folder, name);
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  }

  putServer({ pem, privateKeyPem }: Pick<TestCertificate, 'pem' | 'privateKeyPem'>): void {
    this.put('key.pem', privateKeyPem);
    this.put('cert.pem', pem);
  }
}

/** The name in the certificate that the port shows; empty when it lets the client not in. */
async function visit(port: number, identity?: TestCertificate): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'xds.test',
    ca: authority.pem,
    ALPNProtocols: ['h2'],
    ...(identity === undefined ? {} : { cert: identity.pem, key: identity.privateKeyPem }),
  });
  let name = '';
  socket.on('error', () => undefined);
  socket.once('secureConnect', () => (name = socket.getPeerCertificate().subject.CN as string));
  // A server of HTTP/2 speaks first.
  const isIn = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  socket.destroy();
  return isIn ? name : '';
}

const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const clusterFields = {
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': `${tls}.UpstreamTlsContext`,
      sni: 'xds.test',
      common_tls_context: {
        tls_params: { tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificates: [
          {
            certificate_chain: { inline_string: client.pem },
            private_key: { inline_string: client.privateKeyPem },
          },
        ],
        validation_context: {
          trusted_ca: { inline_string: authority.pem },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'xds.test' } }],
        },
      },
    },
  },
};

const proxies = [
  {
    name: "Heddle's sidecar",
    skip: false,
    program: process.execPath,
    argv: [...planeNodeOptions['data-plane'], sidecar],
  },
  { name: 'a real Envoy', skip: envoy.skip, program: envoy.path, argv: undefined },
] as const;

for (const { name, skip, program, argv } of proxies) {
  test(`${name} gets its resources over TLS with certificates on both sides`, { skip }, async (t) => {
    const files = new Files(t);
    const controlPlane = await startTestControlPlane({ xdsTls: files.settings });
    t.after(() => controlPlane.stop());
    const app = await startApp('one');
    t.after(() => {
      app.close();
      app.closeAllConnections();
    });
    const [outboundPort = 0] = await findFreePorts(1);
    const cart: MeshObject[] = [
      { kind: 'Service', metadata: { name: 'cart' }, spec: {} },
      {
        kind: 'Instance',
        metadata: { name: 'cart-1', service: 'cart' },
        spec: { address: '127.0.0.1', port: app.port },
      },
    ];
    for (const object of cart) await put(controlPlane, object);
    const proxy = startEnvoy({
      program,
      xdsPort: controlPlane.xdsPort,
      apiType: 'DELTA_GRPC',
      nodeId: 'proxy',
      heddle: { outboundPort },
      clusterFields,
      ...(argv === undefined ? {} : { argv }),
    });
    t.after(() => proxy.stop());
    await untilAnswer(outboundPort, 'cart', 'one /', 20_000);
  });
}

test('who shows no certificate of the authorities is not let in', async (t) => {
  const files = new Files(t);
  const controlPlane = await startTestControlPlane({ xdsTls: files.settings });
  t.after(() => controlPlane.stop());
  assert.equal(await visit(controlPlane.xdsPort, client), 'first');
  assert.equal(await visit(controlPlane.xdsPort, stranger), '');
  assert.equal(await visit(controlPlane.xdsPort), '');
  const { clientCaFile: _, ...open } = files.settings;
  const openPlane = await startTestControlPlane({ xdsTls: open });
  t.after(() => openPlane.stop());
  assert.equal(await visit(openPlane.xdsPort), 'first');
});

test('files that are renamed into place count; those that do not fit each other do not', async (t) => {
  const files = new Files(t);
  const controlPlane = await startTestControlPlane({ xdsTls: files.settings });
  t.after(() => controlPlane.stop());
  files.putServer({ ...second, privateKeyPem: first.privateKeyPem });
  assert.equal(await visit(controlPlane.xdsPort, client), 'first');
  files.putServer(second);
  await untilEqual(() => visit(controlPlane.xdsPort, client), 'second');
});

test('it does not start with files that cannot be used', async (t) => {
  const files = new Files(t);
  files.putServer({ ...second, privateKeyPem: first.privateKeyPem });
  await assert.rejects(
    startTestControlPlane({ xdsTls: files.settings }),
    /cert\.pem, .*key\.pem, .*ca\.pem: /,
  );
  const missing = { ...files.settings, keyFile: '/nowhere/key.pem' };
  await assert.rejects(startTestControlPlane({ xdsTls: missing }), /\/nowhere\/key\.pem: ENOENT/);
});
