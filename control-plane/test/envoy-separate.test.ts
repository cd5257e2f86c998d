import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import {
  ask,
  put,
  remove,
  startApp,
  startEnvoy,
  startTestControlPlane,
  untilAnswer,
  untilEqual,
  untilSynced,
} from './mesh-harness.ts';

const envoy = usePeer('envoy');

function instance(name: string, port: number): MeshObject {
  return {
    kind: 'Instance',
    metadata: { name, service: 'cart' },
    spec: { address: '127.0.0.1', port, version: name },
  };
}

for (const apiType of ['GRPC', 'DELTA_GRPC', 'REST'] as const) {
  test(
    `a real Envoy without ADS (${apiType}) serves, and follows instances and services`,
    { skip: envoy.skip },
    async () => {
      const controlPlane = await startTestControlPlane();
      const [outboundPort = 0] = await findFreePorts(1);
      const apps = [await startApp('one'), await startApp('two')] as const;
      const first = instance('v1', apps[0].port);
      await put(controlPlane, { kind: 'Service', metadata: { name: 'cart' }, spec: {} });
      await put(controlPlane, first);
      const proxy = startEnvoy({
        program: envoy.path,
        xdsPort: apiType === 'REST' ? controlPlane.restPort : controlPlane.xdsPort,
        apiType,
        isSeparate: true,
        nodeId: 'cart-1',
        heddle: { outboundPort, configSource: { cluster: 'ads', apiType, refreshMs: 200 } },
      });
      try {
        await untilAnswer(outboundPort, 'cart', 'one /');
        assert.equal((await ask(outboundPort, 'nobody'))?.status, 404);
        await put(controlPlane, instance('v2', apps[1].port));
        await remove(controlPlane, first);
        await untilAnswer(outboundPort, 'cart', 'two /');
        await put(controlPlane, { kind: 'Service', metadata: { name: 'other' }, spec: {} });
        await untilEqual(async () => (await ask(outboundPort, 'other'))?.status, 503);

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
