import { until } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import type { Proxy } from '../harness/parts.ts';

/**
 * Opens connections to the proxy's outbound port, each with a request for the service (whatever its answer is),
 * until every worker took some. The kernel chooses the worker of a connection, so one look at a few connections would prove nothing.
 */
export async function untilBothWorkersAnswered(
  proxy: Pick<Proxy, 'id' | 'listenAddress' | 'outboundPort' | 'admin'>,
  service: string,
): Promise<void> {
  await until(`both workers of ${proxy.id} answer`, async () => {
    await call(proxy.outboundPort, '/', { host: service, address: proxy.listenAddress });
    const counts = await proxy.admin.connectionsByWorker(proxy.outboundPort);
    return counts.size >= 2 && [...counts.values()].every((count) => count > 0);
  });
}
