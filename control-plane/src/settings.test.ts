import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRegistryFile, flags, parseSettings, type Settings } from './settings.ts';

function parse(argv: readonly string[], environment: Record<string, string> = {}): Settings {
  const parsed = parseSettings(argv, '1.2.3', environment);
  assert.equal(parsed.kind, 'run', parsed.kind === 'exit' ? parsed.text : '');
  return (parsed as { settings: Settings }).settings;
}

function refuse(argv: readonly string[], environment: Record<string, string> = {}) {
  const parsed = parseSettings(argv, '1.2.3', environment);
  assert.equal(parsed.kind, 'exit');
  return parsed as { code: number; text: string };
}

test('without anything the documented defaults hold', () => {
  assert.deepEqual(parse([]), {
    bindAddress: '127.0.0.1',
    restPort: 8600,
    xdsPort: 18000,
    registry: { kind: 'embedded', file: defaultRegistryFile, isDefault: true },
    registryTimeoutMs: 5000,
    maxLossPercent: 50,
    lossWindowMs: 60_000,
    debounceQuietMs: 20,
    debounceMaxMs: 200,
    ackTimeoutMs: 5000,
    loadReportIntervalMs: 10_000,
    stopTimeoutMs: 5000,
    logLevel: 'info',
  });
});

test('a flag wins over its variable, an empty variable is none', () => {
  const environment = { HEDDLE_REST_PORT: '1', HEDDLE_XDS_PORT: '2', HEDDLE_BIND: '' };
  const { restPort, xdsPort, bindAddress } = parse(['--rest-port', '3'], environment);
  assert.deepEqual([restPort, xdsPort, bindAddress], [3, 2, '127.0.0.1']);
});

test('the registry is a file or a Redis', () => {
  assert.deepEqual(parse(['--registry', '/var/lib/mesh.db']).registry, {
    kind: 'embedded',
    file: '/var/lib/mesh.db',
    isDefault: false,
  });
  assert.deepEqual(parse(['--registry', 'rediss://h:1']).registry, { kind: 'redis', url: 'rediss://h:1' });
});

test('everything that is wrong is said at once, one line each', () => {
  const { code, text } = refuse(['--rest-port', '70000', '--registry', 'http://x', '--log-level', 'loud'], {
    HEDDLE_BIND: 'localhost',
  });
  assert.equal(code, 2);
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, 4);
  for (const start of [
    'HEDDLE_BIND "localhost":',
    '--rest-port "70000":',
    '--registry "http://x":',
    '--log-level "loud":',
  ]) {
    assert.ok(
      lines.some((line) => line.startsWith(start)),
      text,
    );
  }
});

test('unknown flags and stray words are one line', () => {
  for (const argv of [['--rest-prot', '1'], ['word'], ['--rest-port']]) {
    const { code, text } = refuse(argv);
    assert.equal(code, 2);
    assert.match(text, /^[^\n]+\n$/);
  }
});

test('help lists every flag and its variable; version is the version', () => {
  const { code, text } = refuse(['--help']);
  assert.equal(code, 0);
  for (const { name, env } of flags) {
    assert.ok(text.includes(`--${name} `), name);
    assert.ok(text.includes(env), env);
  }
  assert.deepEqual(refuse(['--version']), { kind: 'exit', code: 0, text: '1.2.3\n' });
});

test('TLS of the xDS port takes a certificate and its key, and authorities for those only', () => {
  const pair = ['--xds-tls-cert', 'c.pem', '--xds-tls-key', 'k.pem'];
  assert.deepEqual(parse(pair).xdsTls, { certFile: 'c.pem', keyFile: 'k.pem' });
  assert.deepEqual(parse([...pair, '--xds-tls-client-ca', 'a.pem']).xdsTls, {
    certFile: 'c.pem',
    keyFile: 'k.pem',
    clientCaFile: 'a.pem',
  });
  assert.match(refuse(['--xds-tls-key', 'k.pem']).text, /one needs the other/);
  assert.match(refuse([], { HEDDLE_XDS_TLS_CLIENT_CA: 'a.pem' }).text, /--xds-tls-client-ca: needs/);
});
