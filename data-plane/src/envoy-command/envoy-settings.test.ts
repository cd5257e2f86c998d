import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envoyFlags } from './envoy-flags.ts';
import { parseEnvoySettings, type EnvoySettings } from './envoy-settings.ts';

const versions = { heddle: '1.2.3', api: '1.40.0' };

function settingsOf(...argv: string[]): EnvoySettings {
  const parsed = parseEnvoySettings(argv, versions);
  assert.ok(parsed.kind === 'settings', parsed.kind === 'exit' ? parsed.text : '');
  return parsed.settings;
}

function answerOf(...argv: string[]): { code: number; text: string } {
  const parsed = parseEnvoySettings(argv, versions);
  assert.ok(parsed.kind === 'exit', 'it was taken');
  return parsed;
}

test('a file and a text are one bootstrap, and both spellings of a value are read', () => {
  const settings = settingsOf(
    '-c',
    'b.yaml',
    '--config-yaml={}',
    '--concurrency',
    '3',
    '-lwarn',
    '--drain-time-s=5',
  );
  assert.deepEqual(settings.bootstrap, { kind: 'given', path: 'b.yaml', text: '{}' });
  assert.equal(settings.concurrency, 3);
  assert.equal(settings.logLevel, 'warn');
  assert.equal(settings.drainTimeMs, 5000);
});

test('the defaults are Envoy’s', () => {
  const settings = settingsOf();
  assert.deepEqual(settings.bootstrap, { kind: 'given' });
  assert.ok(settings.concurrency >= 1);
  assert.equal(settings.mode, 'serve');
  assert.equal(settings.drainStrategy, 'gradual');
  assert.equal(settings.drainTimeMs, 600_000);
  assert.deepEqual(settings.unknownFields, { isAllowedStatic: false, dynamic: 'warn' });
  assert.deepEqual(settings.ignoredFlags, []);
  assert.equal(settingsOf('--concurrency', '0').concurrency, 1);
});

test('the node, the log and the treatment of unknown fields', () => {
  const settings = settingsOf(
    ...'--service-node n --service-cluster c --service-zone z --log-path /x --log-format %v --log-format-escaped'.split(
      ' ',
    ),
    ...'--reject-unknown-dynamic-fields --allow-unknown-static-fields --skip-deprecated-logs -l critical'.split(
      ' ',
    ),
  );
  assert.deepEqual([settings.nodeId, settings.nodeCluster, settings.nodeZone], ['n', 'c', 'z']);
  assert.deepEqual(settings.log, { format: { pattern: '%v', isEscaped: true }, path: '/x' });
  assert.deepEqual(settings.unknownFields, { isAllowedStatic: true, dynamic: 'refuse' });
  assert.equal(settings.hasDeprecationWarnings, false);
  assert.equal(settings.logLevel, 'fatal');
  assert.equal(settingsOf('--ignore-unknown-dynamic-fields').unknownFields.dynamic, 'ignore');
});

test('a flag that does nothing is taken, and named', () => {
  const { ignoredFlags } = settingsOf(
    '--enable-core-dump',
    '--component-log-level',
    'upstream:debug,http2:off',
  );
  assert.deepEqual(ignoredFlags, [
    '--component-log-level (the log has one level for all components)',
    '--enable-core-dump (the limits of the system decide (ulimit -c))',
  ]);
});

test('every flag is taken, with its own kind of value', () => {
  const words: Readonly<Record<string, string>> = {
    mode: 'serve',
    'log-level': 'off',
    'component-log-level': 'main:info',
    'drain-strategy': 'immediate',
    'local-address-ip-version': 'v6',
    'stats-tag': 'a:b',
    'restart-epoch': '0',
  };
  for (const { name, kind } of envoyFlags) {
    if (name === 'help' || name === 'version' || name === 'hot-restart-version') continue;
    settingsOf(`--${name}`, ...(kind === 'switch' ? [] : [words[name] ?? '1']));
  }
});

test('mistakes end with 1, in Envoy’s words', () => {
  const mistakes: Readonly<Record<string, RegExp>> = {
    '--no-such': /^PARSE ERROR: Argument: --no-such\n +Couldn't find match for argument/,
    '--concurency 2': /did you mean "--concurrency"/,
    extra: /^PARSE ERROR: Argument: extra/,
    '-c': /^PARSE ERROR: Argument: -c \(--config-path\)\n +Missing a value for this argument!/,
    '-c a -c b': /-c \(--config-path\)\n +Argument already set!/,
    '--concurrency x': /\(--concurrency\)\n +Couldn't read argument value from string 'x'/,
    '--concurrency -1': /Couldn't read argument value from string '-1'/,
    '--concurrency 4294967296': /Couldn't read argument value/,
    '--enable-core-dump=x': /--enable-core-dump\n +Takes no value/,
    '--mode foo': /^error: unknown mode 'foo'/,
    '-l loud': /^error: invalid log level specified 'loud'/,
    '--drain-strategy foo': /^error: unknown drain-strategy 'foo'/,
    '--local-address-ip-version v5': /^error: unknown IP address version 'v5'/,
    '--component-log-level upstream': /^error: component log level not correctly specified 'upstream'/,
    '--component-log-level foo:debug': /^error: invalid component specified 'foo'/,
    '--component-log-level main:info --enable-fine-grain-logging':
      /^error: --component-log-level will not work/,
    '--stats-tag foo': /^error: misformatted stats-tag 'foo'/,
    '--stats-tag a:b.c': /contains invalid char/,
    '--stats-tag a:b --stats-tag a:c': /occurs twice/,
    '--restart-epoch 1': /^error: --restart-epoch 1 is not supported: there is no hot restart/,
    '--restart-epoch 1 --use-dynamic-base-id': /^error: cannot use --restart-epoch=1 with/,
  };
  for (const [words, message] of Object.entries(mistakes)) {
    const { code, text } = answerOf(...words.split(' '));
    assert.equal(code, 1, words);
    assert.match(text, message, words);
  }
});

test('what was asked for is printed, and ends with 0', () => {
  // Launchers split what follows `version:` on slashes and want five parts.
  const [, parts] = /^envoy {2}version: (\S+)\n$/.exec(answerOf('--version').text) ?? [];
  assert.deepEqual(parts?.split('/'), ['heddle-1.2.3', '1.40.0', 'Clean', 'RELEASE', 'OpenSSL']);
  assert.deepEqual(answerOf('--hot-restart-version'), { kind: 'exit', code: 0, text: 'disabled\n' });
  const help = answerOf('-h').text;
  for (const { name } of envoyFlags) assert.match(help, new RegExp(`--${name}\\b`));
});

test('what follows a lone -- is passed over', () => {
  assert.deepEqual(settingsOf('--mode', 'validate', '--', '-c', 'x').bootstrap, { kind: 'given' });
});

test('/server_info shows all options, with what they came to', () => {
  const { commandLineOptions } = settingsOf(
    '-c',
    'b',
    '--drain-strategy',
    'immediate',
    '--mode',
    'init_only',
  );
  assert.equal(commandLineOptions['config_path'], 'b');
  assert.equal(commandLineOptions['drain_strategy'], 'Immediate');
  assert.equal(commandLineOptions['mode'], 'InitOnly');
  assert.equal(commandLineOptions['drain_time'], '600s');
});
