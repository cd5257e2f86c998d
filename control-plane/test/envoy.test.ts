import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import {
  apply,
  ask,
  put,
  remove,
  startApp,
  startEnvoy,
  startTestControlPlane,
  untilAnswer,
  untilSynced,
  type Answer,
} from './mesh-harness.ts';

const envoy = usePeer('envoy');
const connectionCount = 4;
const roundCount = 15;

function service(name: string, port?: number): MeshObject {
  return { kind: 'Service', metadata: { name }, spec: port === undefined ? {} : { port } };
}

function instance(serviceName: string, name: string, port: number, version: string): MeshObject {
  return {
    kind: 'Instance',
    metadata: { name, service: serviceName },
    spec: { address: '127.0.0.1', port, version },
  };
}

function cartRoute(backend: { readonly name: string; readonly version?: string }): MeshObject {
  return {
    kind: 'HTTPRoute',
    metadata: { name: 'cart' },
    spec: { parentRefs: [{ name: 'cart' }], rules: [{ backendRefs: [backend] }] },
  };
}

for (const apiType of ['GRPC', 'DELTA_GRPC'] as const) {
  test(
    `a real Envoy (${apiType}) serves, and follows instances and routes without a failed request`,
    { skip: envoy.skip },
    async () => {
      const controlPlane = await startTestControlPlane();
      const [outboundPort = 0, inboundPort = 0, servicePort = 0] = await findFreePorts(3);
      const apps = [await startApp('one'), await startApp('two'), await startApp('three')] as const;
      const first = instance('cart', 'cart-1', apps[0].port, 'v1');
      const proxy = startEnvoy({
        program: envoy.path,
        xdsPort: controlPlane.xdsPort,
        apiType,
        nodeId: 'cart-1',
        heddle: {
          service: 'cart',
          outboundPort,
          inboundPort,
          inboundAddress: '127.0.0.1',
          appPort: apps[0].port,
        },
      });
      try {
        await put(controlPlane, service('cart', servicePort));
        await put(controlPlane, first);
        await untilAnswer(outboundPort, 'cart', 'one /');
        await untilAnswer(outboundPort, `cart:${outboundPort}`, 'one /');
        await untilAnswer(servicePort, 'anything.test', 'one /');
        await untilAnswer(inboundPort, 'anything.test', 'one /');
        assert.equal((await ask(outboundPort, 'nobody'))?.status, 404);

        // From here on every request must be answered, whatever changes.
        const failures: (Answer | undefined)[] = [];
        let isLoading = true;
        const loadOnce = async (): Promise<void> => {
          while (isLoading) {
            const answer = await ask(outboundPort, 'cart');
            if (answer?.status !== 200) failures.push(answer);
          }
        };
        const load = Promise.all(Array.from({ length: connectionCount }, loadOnce));
        await put(controlPlane, instance('cart', 'cart-2', apps[1].port, 'v2'));
        await put(controlPlane, cartRoute({ name: 'cart', version: 'v2' }));
        await untilAnswer(outboundPort, 'cart', 'two /');
        await put(controlPlane, cartRoute({ name: 'cart', version: 'v1' }));
        await untilAnswer(outboundPort, 'cart', 'one /');
        for (let round = 0; round < roundCount; round += 1) {
          // Clusters and the route to them come in one snapshot, and go in one.
          const other = service(`other-${round}`);
          const otherInstance = instance(`other-${round}`, 'o-1', apps[2].port, 'v1');
          await apply(controlPlane, [other, otherInstance, cartRoute({ name: `other-${round}` })]);
          await untilAnswer(outboundPort, 'cart', 'three /');
          await apply(controlPlane, [cartRoute({ name: 'cart', version: 'v1' })]);
          await remove(controlPlane, otherInstance);
          await remove(controlPlane, other);
          await untilAnswer(outboundPort, 'cart', 'one /');
        }
        await remove(controlPlane, cartRoute({ name: 'cart' }));
        await remove(controlPlane, first);
        await untilAnswer(outboundPort, 'cart', 'two /');
        isLoading = false;
        await load;
        assert.deepEqual(failures, []);

        await untilSynced(controlPlane, 'cart-1');
        assert.equal(proxy.log().includes('rejected'), false, proxy.log());
      } finally {
        await proxy.stop();
        for (const app of apps) app.close();
        await controlPlane.stop();
      }
    },
  );
}
