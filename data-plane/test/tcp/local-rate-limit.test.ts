import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { cluster, fileLog, type Json } from '../statistics/bootstrap-parts.ts';
import { closedPort } from './closed-port.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const direct = networkFilter('direct_response.v3.Config', { response: { inline_string: 'served' } });
const limit = (prefix: string, maxTokens: number, fields: Json = {}): Json =>
  networkFilter('local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: prefix,
    token_bucket: { max_tokens: maxTokens, fill_interval: '3600s' },
    ...fields,
  });

for (const subject of subjects) {
  test(`${subject.name}: connections for which there is no token`, { skip: subject.skip }, async (t) => {
    const refusing = await closedPort();
    const proxy = await startSubject(subject, (logPath) => {
      const log = fileLog(logPath) as { readonly typed_config: Json };
      const format = {
        text_format: '%RESPONSE_FLAGS% %UPSTREAM_CLUSTER% %CONNECTION_TERMINATION_DETAILS%\n',
      };
      const tcpProxy = networkFilter('tcp_proxy.v3.TcpProxy', {
        stat_prefix: 'logged',
        cluster: 'refusing',
        access_log: [{ ...log, typed_config: { ...log.typed_config, log_format: format } }],
      });
      return {
        listeners: {
          own: [limit('own', 2), direct],
          off: [limit('off', 1, { runtime_enabled: { default_value: false, runtime_key: 'x' } }), direct],
          first: [limit('first', 3, { share_key: 'both' }), direct],
          second: [limit('second', 3, { share_key: 'both' }), direct],
          // The key is the same, the bucket is not.
          third: [limit('third', 2, { share_key: 'both' }), direct],
          logged: [limit('logged', 1), tcpProxy],
        },
        clusters: [cluster('refusing', [refusing])],
      };
    });
    t.after(() => proxy.stop());
    const isServed = async (listener: string): Promise<boolean> => {
      // One that is reset at once may not even have seen that it was accepted.
      const client = await RawClient.open(proxy.portOf(listener)).catch(() => undefined);
      if (client === undefined) return false;
      await until(() => client.hasEnded || client.isClosed);
      client.close();
      return client.received === 'served';
    };
    const servedCount = async (...listeners: string[]): Promise<number> => {
      let count = 0;
      for (const listener of listeners) if (await isServed(listener)) count++;
      return count;
    };
    assert.equal(await servedCount('own', 'own', 'own', 'own'), 2);
    assert.equal(await servedCount('off', 'off'), 2);
    assert.equal(await servedCount('first', 'second', 'first', 'second'), 3);
    assert.equal(await servedCount('third', 'third', 'third'), 2);
    await servedCount('logged', 'logged');
    assert.deepEqual(await proxy.logLines(2), ['UF,URX refusing -', 'URX - -']);
    for (const [prefix, count] of [
      ['own', 2],
      ['off', 0],
      ['first', 0],
      ['second', 1],
      ['third', 1],
      ['logged', 1],
    ] as const) {
      await proxy.untilStat(`local_rate_limit.${prefix}.rate_limited`, count);
    }
  });
}
