import { connect } from 'node:tls';
import { test } from 'node:test';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { put, startApp, startEnvoy, startTestControlPlane, untilEqual } from './mesh-harness.ts';

const envoy = usePeer('envoy');
const authority = createCertificate({ commonName: 'ca', isAuthority: true });
const leafOf = (commonName: string): TestCertificate =>
  createCertificate({ issuer: authority, commonName, dnsNames: ['cart'] });
const client = leafOf('client');

function certificateSecret({ pem, privateKeyPem }: TestCertificate): MeshObject {
  return {
    kind: 'Secret',
    metadata: { name: 'cart-certificate' },
    spec: { certificate: { chain: pem, privateKey: privateKeyPem } },
  };
}

/** The common name of the server's certificate; empty when there is no connection. */
async function shownBy(port: number): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: authority.pem,
    servername: 'cart',
    cert: client.pem,
    key: client.privateKeyPem,
  });
  socket.on('error', () => undefined);
  let name = '';
  socket.once('secureConnect', () => {
    name = String(socket.getPeerCertificate().subject.CN);
    socket.destroy();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return name;
}

for (const apiType of ['GRPC', 'DELTA_GRPC'] as const) {
  for (const isSeparate of [false, true]) {
    const by = `${apiType}, ${isSeparate ? 'streams of its own' : 'ADS'}`;
    test(`a real Envoy (${by}) gets secrets, and follows them`, { skip: envoy.skip }, async (t) => {
      const controlPlane = await startTestControlPlane();
      t.after(() => controlPlane.stop());
      const app = await startApp('one');
      t.after(() => {
        app.close();
        app.closeAllConnections();
      });
      const [outboundPort = 0, inboundPort = 0] = await findFreePorts(2);
      const objects: readonly MeshObject[] = [
        { kind: 'Secret', metadata: { name: 'root' }, spec: { trustBundle: authority.pem } },
        certificateSecret(leafOf('first')),
        {
          kind: 'Service',
          metadata: { name: 'cart' },
          spec: { tls: { certificate: 'cart-certificate', trustBundle: 'root' } },
        },
      ];
      for (const object of objects) await put(controlPlane, object);
      const proxy = startEnvoy({
        program: envoy.path,
        xdsPort: controlPlane.xdsPort,
        apiType,
        isSeparate,
        nodeId: 'cart-1',
        heddle: {
          service: 'cart',
          outboundPort,
          inboundPort,
          inboundAddress: '127.0.0.1',
          appPort: app.port,
          ...(isSeparate ? { configSource: { cluster: 'ads', apiType } } : {}),
        },
      });
      t.after(() => proxy.stop());
      await untilEqual(() => shownBy(inboundPort), 'first', 10_000);
      await put(controlPlane, certificateSecret(leafOf('second')));
      await untilEqual(() => shownBy(inboundPort), 'second', 10_000);
    });
  }
}
