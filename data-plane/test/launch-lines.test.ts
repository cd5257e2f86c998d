import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { parse } from 'yaml';

/** How others start Envoy: each line must be taken as it is, and serve. */
const program = join(import.meta.dirname, '../../node_modules/.bin/envoy');
const folder = mkdtempSync(join(tmpdir(), 'heddle-launch-'));
after(() => rmSync(folder, { recursive: true }));

const hcm =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const text = `
node: { id: launched, cluster: here }
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
static_resources:
  listeners:
  - name: l
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": ${hcm}
          stat_prefix: l
          route_config: { virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: served } } } ] } ] }
          http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
`;
const yamlFile = join(folder, 'bootstrap.yaml');
writeFileSync(yamlFile, text);
const jsonFile = join(folder, 'envoy-rev.json');
// Istio's file may name fields of a later API.
writeFileSync(jsonFile, JSON.stringify({ ...(parse(text) as object), a_field_of_tomorrow: {} }));

const launchers: Readonly<Record<string, readonly string[]>> = {
  'the integration script of go-control-plane': ['-c', yamlFile, '--drain-time-s', '1', '-l', 'debug'],
  'Kuma’s kuma-dp': [
    ...['--config-path', yamlFile, '--drain-time-s', '30', '--drain-strategy', 'immediate'],
    ...['--disable-hot-restart', '--log-level', 'info', '--cpuset-threads'],
    ...['--component-log-level', 'upstream:info,connection:trace'],
  ],
  'Kuma’s kuma-dp with a number of threads': [
    ...['--config-path', yamlFile, '--drain-time-s', '30', '--drain-strategy', 'immediate'],
    ...['--disable-hot-restart', '--log-level', 'off', '--concurrency', '2'],
  ],
  'Istio’s pilot-agent': [
    ...['-c', jsonFile, '--drain-time-s', '45', '--drain-strategy', 'immediate'],
    ...[
      '--local-address-ip-version',
      'v4',
      '--file-flush-interval-msec',
      '1000',
      '--file-flush-min-size-kb',
      '64',
    ],
    ...[
      '--disable-hot-restart',
      '--allow-unknown-static-fields',
      '-l',
      'warning',
      '--component-log-level',
      'misc:error',
    ],
    ...[
      '--skip-deprecated-logs',
      '--enable-core-dump',
      '--config-yaml',
      'node: { metadata: { a: b } }',
      '--concurrency',
      '2',
    ],
  ],
  'Envoy Gateway on a host': [
    ...[
      '--service-cluster',
      'default',
      '--service-node',
      'gateway-1',
      '--config-yaml',
      text,
      '--log-level',
      'warn',
    ],
    ...['--cpuset-threads', '--drain-strategy', 'immediate', '--concurrency', '1', '--drain-time-s', '60'],
    ...['--component-log-level', 'misc:error'],
  ],
};

for (const [launcher, words] of Object.entries(launchers)) {
  test(`${launcher} starts it, and it serves`, async () => {
    const addressFile = join(folder, `address of ${launcher}`);
    const child = spawn(program, [...words, '--admin-address-path', addressFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
      const base = await until('the admin interface', () => {
        assert.equal(child.exitCode, null, errors);
        return existsSync(addressFile) && `http://${readFileSync(addressFile, 'utf8')}`;
      });
      await until('ready', async () => (await fetch(`${base}/ready`)).ok);
      const [, port] = /:(\d+)\n$/.exec(await (await fetch(`${base}/listeners`)).text()) ?? [];
      assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'served');
    } finally {
      child.kill();
      assert.equal(await ended, 0, errors);
    }
  });
}

test('the version has the form that Kuma looks for', () => {
  const line = execFileSync(program, ['--version']).toString();
  const [, parts = ''] = /version: (\S+)/.exec(line) ?? [];
  assert.equal(parts.split('/').length, 5);
  assert.match(parts.split('/')[1] ?? '', /^\d+\.\d+\.\d+$/);
});

function until<T>(what: string, look: () => T | Promise<T>) {
  return waitUntil(what, async () => look(), { clock: systemClock, deadlineMs: 20_000 });
}
