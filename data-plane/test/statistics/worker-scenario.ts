import type { TestContext } from 'node:test';
import { get } from '../../src/router/testing/raw-client.ts';
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

/** What no configuration and no client can bring about: a filter that throws. */
export async function runWorkerScenario(movements: Movements, t: TestContext): Promise<void> {
  const throwing: HttpFilterFactory = {
    type,
    createFactory: () => () => ({ decoder: new ThrowingFilter() }),
  };
  const proxy = await startProxy(t, buildTable([]), {
    filters: [throwing],
    manager: { httpFilters: [{ name: 'throwing', type, config: {}, isDisabled: false }] },
  });
  await get(proxy.port, '/');
  const name = 'http.test.downstream_rq_filter_exception';
  movements.add([{ name, type: 'number', isMoved: proxy.stats.value(name) > 0 }]);
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
