import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createEnvoy } from './envoy.ts';
import { createHaproxy } from './haproxy.ts';
import { createHeddle } from './heddle.ts';
import { createNginx } from './nginx.ts';
import { http1, unusedAddresses, type ProxySetup } from './proxy.ts';

const certificates = { authority: 'a.pem', server: 's.pem', client: 'c.pem' };
const setup: ProxySetup = {
  protocols: http1,
  port: 1,
  upstreamPort: 2,
  adminPort: 3,
  unusedClusters: 1,
  certificates,
};

test('Heddle and Envoy with its defaults read the same file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-bench-test-'));
  try {
    for (const proxy of [
      createHeddle({ isCompiled: false, profileFolder: undefined }),
      createEnvoy('defaults'),
      createEnvoy('tuned'),
    ]) {
      assert.ok(proxy.prepare(folder, setup).includes('--concurrency'));
    }
    const [heddle, defaults, tuned] = ['heddle', 'envoy-defaults', 'envoy-tuned'].map((name) =>
      readFileSync(path.join(folder, `${name}.json`), 'utf8'),
    );
    assert.equal(heddle, defaults);
    assert.doesNotMatch(defaults ?? '', /generate_request_id|max_requests/);
    assert.match(tuned ?? '', /"generate_request_id":false[^]*"dynamic_stats":false[^]*"max_requests":/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('Heddle and Envoy with TLS read the same file, and HAProxy has the same certificates', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-bench-test-'));
  const heddle = createHeddle({ isCompiled: false, profileFolder: undefined });
  const configs = (protocols: ProxySetup['protocols']): readonly string[] => {
    for (const proxy of [heddle, createEnvoy('defaults'), createHaproxy()]) {
      assert.ok(proxy.speaks(protocols));
      proxy.prepare(folder, { ...setup, protocols });
    }
    assert.ok(!createNginx().speaks(protocols));
    return ['heddle.json', 'envoy-defaults.json', 'haproxy.cfg'].map((name) =>
      readFileSync(path.join(folder, name), 'utf8'),
    );
  };
  try {
    const [inbound, envoyInbound, bind] = configs({ ...http1, downstreamTls: 'mutual' });
    assert.equal(inbound, envoyInbound);
    assert.match(inbound ?? '', /"require_client_certificate":true.*"s\.pem".*"a\.pem"/);
    assert.match(bind ?? '', /bind .* ssl crt s\.pem ca-file a\.pem verify required/);
    const [outbound, envoyOutbound, server] = configs({ ...http1, upstreamTls: 'mutual' });
    assert.equal(outbound, envoyOutbound);
    assert.match(outbound ?? '', /"sni":"bench.test".*TLSv1_3.*"c\.pem".*"a\.pem"/);
    assert.match(server ?? '', /server one .* ssl crt c\.pem ca-file a\.pem verify required/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no two unused endpoints have the same address', () => {
  const all = Array.from({ length: 1000 }, (_, cluster) => unusedAddresses(cluster)).flat();
  assert.equal(new Set(all).size, 10_000);
});
