import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { planeNodeOptions } from '@heddle/shared/processes/plane-node-options';
import { usePeer } from '@heddle/shared/testing/peers';
import { repositoryRoot } from '../harness/harness.ts';
import { mountsOf, problemsOf, readComposeFile, type ComposeFile } from './compose-file.ts';
import { readDockerIgnore } from './docker-ignore.ts';
import { execForm, parseDockerfile } from './dockerfile.ts';

const compose = readComposeFile(path.join(repositoryRoot, 'docker-compose.yml'));
const stages = parseDockerfile(readFileSync(path.join(repositoryRoot, 'deploy/Dockerfile'), 'utf8'));
const envoy = usePeer('envoy');

/** What the program says, with its exit code in front; from the sources. */
function say(program: string, words: readonly string[], environment: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(repositoryRoot, program), ...words],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  return `${String(status)}: ${stdout}${stderr}`;
}

/** A file of `NAME=value` lines. */
function readEnvironmentFile(name: string): [string, string][] {
  return readFileSync(path.join(repositoryRoot, 'deploy/systemd', name), 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    });
}

test('docker-compose.yml names nothing that is missing and takes nothing twice', () => {
  assert.deepEqual(problemsOf(compose), []);
  const broken: ComposeFile = {
    ...compose,
    services: {
      ...compose.services,
      one: {
        build: { context: '.', dockerfile: 'deploy/Dockerfile', target: 'nothing' },
        volumes: ['./no-file:/x:ro', 'no-volume:/y'],
        ports: ['127.0.0.1:8600:8600', '9000:9000'],
        networks: ['mesh', 'other'],
        depends_on: { nobody: { condition: 'service_healthy' }, objects: { condition: 'service_healthy' } },
      },
      two: { image: 'x', network_mode: 'service:web-1', ports: ['127.0.0.1:8602:1000'] },
    },
  };
  assert.deepEqual(problemsOf(broken), [
    'one: has no image',
    'one: deploy/Dockerfile has no target nothing',
    'one: there is no ./no-file',
    'one: there is no volume no-volume',
    "one: port 8600 is control-plane-1's",
    'one: port 9000:9000 is not published on 127.0.0.1 alone',
    'one: depends on nobody, which does not exist',
    'one: waits for the health of objects, which has no health check',
    'one: there is no network other',
    'two: does not wait for web-1',
    "two: has networks or ports of its own beside web-1's",
  ]);
});

test('the programs take the flags and the files that docker-compose.yml gives them', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    const files = new Map(mountsOf(service).map(({ source, target }) => [target, source]));
    const words = (service.command ?? []).map((word) => {
      const source = files.get(word);
      return source === undefined ? word : path.join(repositoryRoot, source);
    });
    if (service.build?.target === 'control-plane') {
      assert.match(say('control-plane/src/main.ts', [...words, '--help']), /^0: /, name);
    } else if (service.build?.target === 'sidecar') {
      assert.match(say('data-plane/src/main.ts', [...words, '--mode', 'validate']), /^0: /, name);
    }
  }
  assert.match(say('data-plane/src/main.ts', ['--no-such-flag', '--mode', 'validate']), /^2: /);
});

test('a real Envoy takes its bootstrap file', { skip: envoy.skip }, () => {
  const file = path.join(repositoryRoot, 'deploy/bootstrap/envoy.yaml');
  const { status, stderr } = spawnSync(envoy.path, ['--mode', 'validate', '-c', file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('the units start what the images start, with settings that exist, and without rights', () => {
  const units = [
    { file: 'heddle-control-plane.service', target: 'control-plane', plane: 'control-plane' },
    { file: 'heddle-sidecar@.service', target: 'sidecar', plane: 'data-plane' },
  ] as const;
  for (const { file, target, plane } of units) {
    const unit = readFileSync(path.join(repositoryRoot, 'deploy/systemd', file), 'utf8').split('\n');
    const entrypoint = stages
      .find(({ name }) => name === target)
      ?.instructions.find(({ name }) => name === 'ENTRYPOINT');
    const words = execForm(entrypoint?.text ?? '');
    const [node, condition, ...options] = words.slice(0, -1);
    const program = words.at(-1);
    assert.deepEqual(options, planeNodeOptions[plane]);
    const start = [node, condition, ...options].join(' ');
    const [command] = unit.filter((line) => line.startsWith('ExecStart='));
    assert.ok(command?.startsWith(`ExecStart=/usr/bin/${start} /opt/heddle/${program}`), command);
    const rights = ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'PrivateDevices=yes'];
    for (const line of rights) assert.ok(unit.includes(line), `${file}: ${line}`);
  }

  const help = say('control-plane/src/main.ts', ['--help']);
  for (const [name] of readEnvironmentFile('control-plane.env')) assert.ok(help.includes(name), name);
  const [[name, flags] = ['', '']] = readEnvironmentFile('sidecar.env');
  assert.equal(name, 'SIDECAR_FLAGS');
  assert.match(say('data-plane/src/main.ts', [...flags.split(' '), '--mode', 'validate']), /^0: /);
});

test('the builder gets the sources and the manifests, and nothing else', () => {
  const isIgnored = readDockerIgnore(repositoryRoot);
  for (const file of ['package.json', 'e2e/package.json', 'cli/src/main.ts', 'proto/api/envoy-api.table']) {
    assert.ok(!isIgnored(file), file);
  }
  for (const file of [
    '.git/config',
    'node_modules/x/package.json',
    'e2e/harness/harness.ts',
    'data-plane/dist/main.js',
    'data-plane/src/lang/matchers.test.ts',
    'docs/config.md',
  ]) {
    assert.ok(isIgnored(file), file);
  }
});
