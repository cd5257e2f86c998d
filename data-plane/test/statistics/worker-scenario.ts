import type { TestContext } from 'node:test';
import { get, RawClient } from '../../src/router/testing/raw-client.ts';
import { startProxy } from '../../src/router/testing/proxy.ts';
import { buildTable } from '../../src/router/testing/route-fixtures.ts';
import type {
  DataStatus,
  DecoderFilter,
  HeadersStatus,
  HttpFilterFactory,
  TrailersStatus,
} from '../../src/downstream/http/http-filter.ts';
import type { Movements } from './movements.ts';

const type = 'test.Throwing';

/** What no configuration and no client can bring about: a filter that throws, a Node that cannot let clients wait. */
export async function runWorkerScenario(movements: Movements, t: TestContext): Promise<void> {
  const throwing: HttpFilterFactory = {
    type,
    createFactory: () => () => ({ decoder: new ThrowingFilter() }),
  };
  const proxy = await startProxy(t, buildTable([]), {
    filters: [throwing],
    manager: { httpFilters: [{ name: 'throwing', type, config: {}, isDisabled: false }] },
  });
  const observe = (name: string): void =>
    movements.add([{ name, type: 'counter', isMoved: proxy.stats.value(name) > 0 }]);
  await get(proxy.port, '/');
  observe('http.test.downstream_rq_filter_exception');
  proxy.listeners.setAccepting(false);
  const client = await RawClient.open(proxy.port);
  await client.closed();
  observe('listener.127.0.0.1_0.downstream_cx_overflow');
}

class ThrowingFilter implements DecoderFilter {
  setDecoderCallbacks(): void {}

  decodeHeaders(): HeadersStatus {
    throw new Error('thrown on purpose');
  }

  decodeData(): DataStatus {
    return 'continue';
  }

  decodeTrailers(): TrailersStatus {
    return 'continue';
  }

  onDestroy(): void {}
}
