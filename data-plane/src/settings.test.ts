import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSettings, type SidecarSettings } from './settings.ts';

function settingsOf(...argv: string[]): SidecarSettings {
  const parsed = parseSettings(argv, '1.2.3');
  assert.equal(parsed.kind, 'settings', parsed.kind === 'exit' ? parsed.text : '');
  return (parsed as { settings: SidecarSettings }).settings;
}

function failureOf(...argv: string[]): string {
  const parsed = parseSettings(argv, '1.2.3');
  assert.ok(parsed.kind === 'exit');
  assert.equal(parsed.code, 2);
  return parsed.text;
}

test('a bootstrap file with Envoy’s flags', () => {
  const settings = settingsOf(
    '-c',
    'b.yaml',
    '--service-node',
    'n',
    '--concurrency',
    '4',
    '-l',
    'warning',
    '--drain-time-s',
    '5',
  );
  assert.deepEqual(settings.bootstrap, { kind: 'given', path: 'b.yaml' });
  assert.equal(settings.nodeId, 'n');
  assert.equal(settings.concurrency, 4);
  assert.equal(settings.logLevel, 'warn');
  assert.equal(settings.drainTimeMs, 5000);
});

test('flags instead of a file', () => {
  const { bootstrap } = settingsOf(
    '--control-plane',
    'cp:18000',
    '--node-id',
    'web-1',
    '--service',
    'web',
    '--upstreams',
    'a, b',
    '--app-port',
    '8080',
    '--no-delta',
    '--no-service-ports',
  );
  assert.deepEqual(bootstrap, {
    kind: 'flags',
    flags: {
      controlPlane: 'cp:18000',
      isDelta: false,
      adminAddress: '127.0.0.1',
      adminPort: 9901,
      nodeMetadata: { service: 'web', upstreams: ['a', 'b'], servicePorts: false, appPort: 8080 },
    },
  });
});

test('a saved configuration, CSDS over gRPC and load reports are opt-in', () => {
  const flags = ['--control-plane', 'cp:18000', '--node-id', 'web-1'];
  const plain = parseSettings(flags, '0');
  assert.ok(plain.kind === 'settings' && plain.settings.savedConfig === undefined);
  assert.equal(plain.settings.clientStatusPort, undefined);
  const parsed = parseSettings(
    [
      ...flags,
      '--saved-config',
      '/f',
      '--saved-config-key',
      '/k',
      '--client-status-port',
      '1',
      '--report-load',
    ],
    '0',
  );
  assert.ok(parsed.kind === 'settings' && parsed.settings.bootstrap.kind === 'flags');
  assert.deepEqual(parsed.settings.savedConfig, { path: '/f', keyPath: '/k', waitMs: 2000 });
  assert.equal(parsed.settings.clientStatusPort, 1);
  assert.equal(parsed.settings.bootstrap.flags.reportsLoad, true);
});

test('mistakes are one line that says what to do', () => {
  assert.match(failureOf(), /give a bootstrap file \(-c file\), or a control plane/);
  assert.match(failureOf('--control-plane', 'cp:1'), /needs --node-id/);
  assert.match(failureOf('-c', 'x', '--control-plane', 'cp:1'), /cannot be used with/);
  assert.match(failureOf('-c', 'x', '--concurrency', '0'), /whole number from 1 to 256/);
  assert.match(failureOf('-c', 'x', '--admin-port', '70000'), /whole number from 0 to 65535/);
  assert.match(failureOf('-c', 'x', '--saved-config-key', 'k'), /needs --saved-config/);
  assert.match(failureOf('-c', 'x', '--log-level', 'loud'), /must be one of trace/);
  assert.match(failureOf('-c', 'x', '--concurency', '2'), /Did you mean --concurrency/);
});

test('help and version are answers, not mistakes', () => {
  const help = parseSettings(['--help'], '1.2.3');
  assert.ok(help.kind === 'exit' && help.code === 0);
  assert.match(help.text, /heddle sidecar -c bootstrap\.yaml/);
  const version = parseSettings(['--version'], '1.2.3');
  assert.ok(version.kind === 'exit' && version.text === '1.2.3\n');
});
