import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createEnvoy } from './envoy.ts';
import { createHeddle } from './heddle.ts';
import { http1, unusedAddresses, type ProxySetup } from './proxy.ts';

const setup: ProxySetup = { protocols: http1, port: 1, upstreamPort: 2, adminPort: 3, unusedClusters: 1 };

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

test('no two unused endpoints have the same address', () => {
  const all = Array.from({ length: 1000 }, (_, cluster) => unusedAddresses(cluster)).flat();
  assert.equal(new Set(all).size, 10_000);
});
