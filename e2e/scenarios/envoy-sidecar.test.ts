import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { call } from '../harness/http-call.ts';
import { createHarness, until } from '../harness/harness.ts';
import { instance, policy, quickHealthCheck, route, service } from '../harness/objects.ts';
import {
  startControlPlane,
  startEnvoy,
  startService,
  startSidecar,
  untilReachable,
} from '../harness/parts.ts';
import { untilBothWorkersAnswered } from '../load/both-workers.ts';
import { loadThrough } from '../load/proxy-load.ts';
import { nextRequests, untilOnlyVersion } from '../load/traffic.ts';

const envoy = usePeer('envoy');

test(
  'a real Envoy beside our sidecars serves the same mesh and follows the same changes',
  { skip: envoy.skip },
  async () => {
    await using harness = createHarness('envoy-sidecar');
    const [controlPlane, v1, v2] = await Promise.all([
      startControlPlane(harness),
      startService(harness, { version: 'v1' }),
      startService(harness, { version: 'v2' }),
    ]);
    const { rest } = controlPlane;
    await rest.apply(
      service('cart'),
      service('web'),
      policy('cart', { healthCheck: quickHealthCheck }),
      route('cart'),
    );

    // Envoy stands beside the first version and is a client as well; ours beside the second, and as a client.
    const [beside1, beside2, client] = await Promise.all([
      startEnvoy(harness, envoy.path, {
        id: 'cart-1',
        service: 'cart',
        appPort: v1.port,
        upstreams: ['cart'],
        controlPlane,
      }),
      startSidecar(harness, { id: 'cart-2', service: 'cart', appPort: v2.port, upstreams: [], controlPlane }),
      startSidecar(harness, { id: 'client', upstreams: ['cart'], controlPlane }),
    ]);
    await rest.apply(
      instance('cart', 'cart-1', beside1.inboundPort, { version: 'v1' }),
      instance('cart', 'cart-2', beside2.inboundPort, { version: 'v2' }),
      route('cart', [
        { version: 'v1', weight: 1 },
        { version: 'v2', weight: 1 },
      ]),
    );
    const clients = [beside1, client];
    for (const proxy of clients) {
      await untilReachable(proxy, 'cart');
      await untilBothWorkersAnswered(proxy, 'cart');
    }

    const loads = clients.map((proxy) => loadThrough(harness, [proxy], 'cart', { requestsPerSecond: 200 }));
    const bothVersions = async (load: (typeof loads)[number]): Promise<void> => {
      await until(
        'both versions answer',
        async () => Object.keys((await nextRequests(load, 20)).byVersion).length === 2,
      );
    };
    await Promise.all(loads.map(bothVersions));
    await rest.apply(route('cart', [{ version: 'v2', weight: 1 }]));
    await Promise.all(loads.map((load) => untilOnlyVersion(load, 'v2')));
    await rest.apply(route('cart', [{ version: 'v1', weight: 1 }]));
    await Promise.all(loads.map((load) => untilOnlyVersion(load, 'v1')));

    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const { failed, failures } of reports) assert.equal(failed, 0, failures.join('\n'));
    const { body } = await call(rest.port, '/v1/proxies/cart-1');
    assert.match(body, /envoy/i);
  },
);
