import type { HttpRoute } from '@heddle/shared/model/http-route';
import { until } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import type { Proxy } from '../harness/parts.ts';

/** Response header of a marked route. */
export const markerHeader = 'x-route';

/** The route with a response header that tells its revisions apart, however small a change of weights is. */
export function withMarker(route: HttpRoute, marker: string): HttpRoute {
  const rules = route.spec.rules.map((rule) => ({
    ...rule,
    filters: [
      {
        type: 'ResponseHeaderModifier' as const,
        responseHeaderModifier: { set: [{ name: markerHeader, value: marker }] },
      },
    ],
  }));
  return { ...route, spec: { ...route.spec, rules } };
}

/** Waits until ten connections in a row, whichever workers took them, are on this revision. */
export async function untilMarked(proxy: Proxy, service: string, marker: string): Promise<void> {
  await until(`${proxy.id} is on ${marker}`, async () => {
    for (let index = 0; index < 10; index++) {
      const { headers } = await call(proxy.outboundPort, '/', { host: service });
      if (headers[markerHeader] !== marker) return false;
    }
    return true;
  });
}
