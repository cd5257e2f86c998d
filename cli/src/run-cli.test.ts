import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { heddle } from '../test/heddle.ts';
import { createRecordingTerminal } from '../test/recording-terminal.ts';
import { startScriptedServer } from '../test/scripted-server.ts';
import { RefusedError } from './client/rest-client.ts';
import { locateInFiles } from './commands/apply.ts';
import { runCli } from './run-cli.ts';
import { readSettings } from './settings.ts';

const catalogRoute = {
  kind: 'HTTPRoute',
  metadata: { name: 'catalog' },
  spec: {
    parentRefs: [{ name: 'catalog' }],
    rules: [
      {
        backendRefs: [
          { name: 'catalog', version: 'v1', weight: 90 },
          { name: 'catalog', version: 'v2', weight: 10 },
        ],
      },
    ],
  },
  revision: 7,
};

const answers = {
  'GET /v1/services': { body: { items: [{ kind: 'Service', metadata: { name: 'catalog' } }] } },
  'GET /v1/services/catalog/instances': {
    body: {
      items: [
        {
          kind: 'Instance',
          metadata: { name: 'c-1', service: 'catalog' },
          spec: { address: 'fd00::7', port: 8080, version: 'v1', lease: { ttlSeconds: 15 } },
        },
      ],
    },
  },
  'GET /v1/routes': { body: { items: [catalogRoute] } },
  'GET /v1/routes/catalog': { body: catalogRoute },
  'GET /v1/policies': { body: { items: [] } },
  'GET /v1/secrets': { body: { items: [] } },
};

test('get shows a table for each kind, and the same as JSON and YAML', async () => {
  await using server = await startScriptedServer(answers);
  const table = await heddle(['get'], { server: server.url });
  assert.equal(table.exitCode, 0);
  assert.equal(
    table.output,
    `SERVICE   PROTOCOL   PORT
catalog   http       –

INSTANCE      ADDRESS          VERSION   WEIGHT   HEALTH    LEASE   ZONE
catalog/c-1   [fd00::7]:8080   v1        1        unknown   15 s    –

ROUTE     PARENTS   HOSTS     RULES   BACKENDS
catalog   catalog   catalog   1       catalog@v1 90, catalog@v2 10`,
  );
  const json = await heddle(['get', 'routes', '-o', 'json'], { server: server.url });
  assert.deepEqual(JSON.parse(json.output), [catalogRoute]);
  const yaml = await heddle(['get', 'httproute', 'catalog', '-o', 'yaml'], { server: server.url });
  assert.match(yaml.output, /^kind: HTTPRoute\n/);
});

test('status shows what each proxy has, and why one refused', async () => {
  const types = [
    { type: 'Cluster', state: 'synced', sentVersion: 'abc', acknowledgedVersion: 'abc', liveVersion: 'abc' },
    {
      type: 'Listener',
      state: 'refused',
      sentVersion: 'def',
      acknowledgedVersion: 'old',
      lastNack: { version: 'def', message: 'listeners[0].address: is required', at: 0 },
    },
  ];
  const proxies = [
    { node: 'web-1', isConnected: true, userAgent: 'heddle 0.1.0', liveVersion: 'unknown', types },
    { node: 'web-2', isConnected: false, userAgent: 'envoy', liveVersion: 'unknown', types: [] },
    {
      node: 'web-3',
      isConnected: true,
      userAgent: 'heddle 0.1.0',
      liveVersion: 'x',
      types: [
        {
          type: 'Cluster',
          state: 'synced',
          sentVersion: 'abc',
          acknowledgedVersion: 'abc',
          liveVersion: 'abc',
        },
      ],
    },
  ];
  await using server = await startScriptedServer({
    'GET /v1/proxies': { body: { items: proxies } },
    'GET /v1/proxies/web-1': { body: proxies[0] },
  });
  const all = await heddle(['status'], { server: server.url });
  assert.match(all.output, /^web-1 +refused +heddle 0\.1\.0 +Cluster abc, Listener old +not yet: Listener$/m);
  assert.match(all.output, /^web-2 +disconnected.* unknown$/m);
  assert.match(all.output, /^web-3 +synced.* yes$/m);
  assert.match(all.output, /^web-1 refused Listener: listeners\[0\]\.address: is required$/m);
  const one = await heddle(['status', 'web-1'], { server: server.url });
  assert.match(one.output, /^Listener +refused +def +old +unknown$/m);
  assert.deepEqual(
    JSON.parse((await heddle(['status', '-o', 'json'], { server: server.url })).output),
    proxies,
  );
});

test('apply sends what is valid, and says what became of each object', async () => {
  const objects = [
    { kind: 'Service', name: 'cart', outcome: 'created' },
    { kind: 'Instance', name: 'c-1', service: 'cart', outcome: 'unchanged' },
  ];
  await using server = await startScriptedServer({
    'POST /v1/apply': { body: { objects } },
    'POST /v1/apply?dryRun=true': { body: { objects } },
  });
  const input = 'kind: Service\nmetadata: { name: cart }\n';
  const applied = await heddle(['apply', '-f', '-'], { server: server.url, input });
  assert.equal(applied.output, 'Service cart created\nInstance cart/c-1 unchanged');
  const dry = await heddle(['apply', '-f', '-', '--dry-run'], { server: server.url, input });
  assert.match(dry.output, /nothing was changed \(dry run\)$/);
  assert.equal(server.seen[0]?.body, input);
});

test('all problems of a file stand with their positions, and nothing is sent', async () => {
  await using server = await startScriptedServer({});
  const input = 'kind: Service\nmetadata: { name: Cart }\n---\nkind: Servce\n';
  const run = await heddle(['apply', '-f', '-'], { server: server.url, input });
  assert.equal(run.exitCode, 1);
  assert.match(run.notes, /^error: 2 problems:\n {2}stdin:2:13: \/metadata\/name: expected lower-case/);
  assert.match(run.notes, /stdin:4:\d+: \/kind: unknown kind "Servce" \(did you mean "Service"\?\)/);
  assert.equal(server.seen.length, 0);
});

test("the server's problems are printed with their positions", async () => {
  const body = {
    code: 'unknown-reference',
    title: 'The input refers to something that does not exist',
    detail: '1 problem',
    problems: [
      { pointer: '/spec/rules/0/backendRefs/0/name', message: 'no service "cat"', line: 1, column: 9 },
    ],
  };
  await using server = await startScriptedServer({ 'POST /v1/apply': { status: 422, body } });
  const run = await heddle(['apply', '-f', '-'], {
    server: server.url,
    input: JSON.stringify(catalogRoute).replace(',"revision":7', ''),
  });
  assert.equal(run.exitCode, 1);
  assert.equal(
    run.notes,
    'error: The input refers to something that does not exist:\n  stdin:1:9: /spec/rules/0/backendRefs/0/name: no service "cat"',
  );
});

test('register puts the instance, deregister deletes it, and a problem is one line', async () => {
  const path = '/v1/services/cart/instances/cart-1';
  await using server = await startScriptedServer({
    [`PUT ${path}`]: { status: 201, body: {} },
    [`DELETE ${path}`]: { status: 204 },
  });
  const argv = [
    'register',
    'cart',
    'cart-1',
    '--port',
    '8080',
    '--subset',
    'v2',
    '--ttl',
    '20',
    '--zone',
    'a',
    '--metadata',
    'team=x',
  ];
  assert.equal((await heddle(argv, { server: server.url })).exitCode, 0);
  assert.deepEqual(JSON.parse(server.seen[0]?.body ?? ''), {
    kind: 'Instance',
    metadata: { name: 'cart-1', service: 'cart' },
    spec: {
      address: '127.0.0.1',
      port: 8080,
      version: 'v2',
      metadata: { team: 'x' },
      locality: { zone: 'a' },
      lease: { ttlSeconds: 20 },
    },
  });
  assert.equal((await heddle(['deregister', 'cart', 'cart-1'], { server: server.url })).exitCode, 0);
  const missing = await heddle(['deregister', 'cart', 'cart-2'], { server: server.url });
  assert.equal(missing.exitCode, 1);
  assert.equal(missing.notes, 'error: nothing at DELETE /v1/services/cart/instances/cart-2');
});

test('register --keep-alive renews, and Ctrl-C deregisters', async () => {
  const path = '/v1/services/cart/instances/cart-1';
  await using server = await startScriptedServer({
    [`PUT ${path}`]: { status: 201, body: {} },
    [`POST ${path}/renew`]: { status: 204 },
    [`DELETE ${path}`]: { status: 204 },
  });
  const terminal = createRecordingTerminal();
  const ended = runCli(['register', 'cart', 'cart-1', '-p', '80', '--ttl', '1', '--keep-alive'], {
    settings: readSettings({ HEDDLE_SERVER: server.url }),
    clock: systemClock,
    terminal,
  });
  const renewals = (): number => server.seen.filter(({ line }) => line.startsWith('POST')).length;
  try {
    await waitUntil('two renewals', () => renewals() >= 2, { clock: systemClock, deadlineMs: 5000 });
  } finally {
    terminal.interrupt();
  }
  assert.equal(await ended, 0);
  assert.equal(server.seen.at(-1)?.line, `DELETE ${path}`);
});

test('exit codes: 1 refused, 2 wrong usage, 3 not reachable', async () => {
  await using server = await startScriptedServer({});
  const codeOf = async (...argv: string[]): Promise<number> =>
    (await heddle(argv, { server: server.url })).exitCode;
  assert.equal(await codeOf('get', 'route', 'nothing'), 1);
  assert.equal(await codeOf('get', 'rout'), 2);
  assert.equal(await codeOf('get', 'instance', 'cart/'), 2);
  assert.equal(await codeOf('--nonsense'), 2);
  assert.equal(await codeOf('register', 'a', 'b', '--port', '0'), 2);
  assert.equal(await codeOf('status', '--server', 'nonsense'), 2);
  assert.equal(await codeOf('--help'), 0);
  const away = await heddle(['status', '--server', 'http://127.0.0.1:18']);
  assert.equal(away.exitCode, 3);
  assert.match(away.notes, /^error: no control plane at http:\/\/127\.0\.0\.1:18: connect ECONNREFUSED/);
});

test('every command has help with an example', async () => {
  for (const command of ['up', 'demo', 'apply', 'get', 'delete', 'register', 'deregister', 'status']) {
    const { exitCode, output } = await heddle([command, '--help']);
    assert.equal(exitCode, 0);
    assert.match(output, /Examples:\n {2}heddle /, command);
  }
});

test('a position in the text that was sent is told as one in its file', () => {
  const files = [
    { name: 'a.yaml', text: 'kind: Service\nmetadata: { name: a }\n' },
    { name: 'b.yaml', text: 'kind: Service\nmetadata: { name: b }' },
  ];
  const joined = files
    .map(({ text }) => text)
    .join('\n---\n')
    .split('\n');
  const problems = ['metadata: { name: a }', 'metadata: { name: b }'].map((wanted) => ({
    position: { line: joined.indexOf(wanted) + 1, column: 3 },
    text: 'x',
  }));
  const located = locateInFiles(new RefusedError('conflict', 'no', 409, problems), files);
  assert.deepEqual(
    located.problems.map(({ text }) => text),
    ['a.yaml:2:3: x', 'b.yaml:2:3: x'],
  );
});
