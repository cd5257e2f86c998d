import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { networkFilter, startSubject, subjects } from './subject.ts';

const echo = networkFilter('echo.v3.Echo');
const direct = (text: string) =>
  networkFilter('direct_response.v3.Config', { response: { inline_string: text } });
const limit = (prefix: string, fields: Readonly<Record<string, unknown>> = {}) =>
  networkFilter('connection_limit.v3.ConnectionLimit', {
    stat_prefix: prefix,
    max_connections: 1,
    ...fields,
  });

for (const subject of subjects) {
  test(`${subject.name}: echo, direct response and connection limit`, { skip: subject.skip }, async (t) => {
    const proxy = await startSubject(subject, () => ({
      listeners: {
        echo: [echo],
        direct: [direct('hello\n')],
        limited: [
          limit('now'),
          limit('never', { runtime_enabled: { default_value: false, runtime_key: 'x' } }),
          echo,
        ],
        delayed: [limit('later', { delay: '0.2s' }), direct('served')],
        behind: [limit('behind', { max_connections: 9 }), direct('served')],
      },
    }));
    t.after(() => proxy.stop());

    const echoed = await RawClient.open(proxy.portOf('echo'));
    echoed.send('abc');
    await until(() => echoed.received === 'abc');
    echoed.socket.end('def');
    await until(() => echoed.isClosed);
    // Envoy may drop what comes with the client's end.
    assert.match(echoed.received, subject.name === 'envoy' ? /^abc/ : /^abcdef$/);

    for (const name of ['direct', 'behind']) {
      const client = await RawClient.open(proxy.portOf(name));
      await client.closed();
      assert.equal(client.received, name === 'direct' ? 'hello\n' : 'served');
    }

    const first = await RawClient.open(proxy.portOf('limited'));
    first.send('1');
    await until(() => first.received === '1');
    const second = await RawClient.open(proxy.portOf('limited'));
    await second.closed();
    assert.equal(second.received, '');
    await proxy.untilStat('connection_limit.now.active_connections', 1);
    first.close();
    await proxy.untilStat('connection_limit.now.active_connections', 0);
    const third = await RawClient.open(proxy.portOf('limited'));
    third.send('3');
    await until(() => third.received === '3');
    third.close();
    assert.equal(await proxy.stat('connection_limit.now.limited_connections'), 1);
  });
}
