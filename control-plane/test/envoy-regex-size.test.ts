import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { maxRe2ProgramSize, re2ProgramSize } from '@heddle/shared/lang/re2-program-size';
import { regexProblem } from '@heddle/shared/model/field-formats';
import { usePeer } from '@heddle/shared/testing/peers';

const envoy = usePeer('envoy');
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-regex-'));
after(() => rmSync(folder, { recursive: true }));

/** What Envoy says about a route with the pattern; empty when it takes it. */
function refusalOf(pattern: string): string {
  const routes = [{ match: { safe_regex: { regex: pattern } }, direct_response: { status: 200 } }];
  const type = 'type.googleapis.com/envoy.extensions.filters';
  const manager = {
    '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'x',
    http_filters: [{ name: 'router', typed_config: { '@type': `${type}.http.router.v3.Router` } }],
    route_config: { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] },
  };
  const listener = {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 1 } },
    filter_chains: [{ filters: [{ name: 'h', typed_config: manager }] }],
  };
  const file = path.join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify({ static_resources: { listeners: [listener] } }));
  const run = spawnSync(envoy.path, ['-c', file, '--mode', 'validate', '-l', 'error'], { encoding: 'utf8' });
  return run.status === 0 ? '' : run.stderr;
}

for (const pattern of [
  'a{96}',
  'a{97}',
  '[a-z0-9-]{1,24}',
  '[a-z0-9-]{1,25}',
  '([^/]{1,10}/){4}',
  '^/long{90}',
]) {
  test(`a real Envoy and the API agree about ${pattern}`, { skip: envoy.skip }, () => {
    const refusal = refusalOf(pattern);
    assert.equal(re2ProgramSize(pattern) > maxRe2ProgramSize, refusal !== '', refusal);
    assert.equal(regexProblem(pattern) !== undefined, refusal !== '');
    if (refusal !== '') assert.match(refusal, new RegExp(`program size of ${re2ProgramSize(pattern)} `));
  });
}
