import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findEnvoy, findRedis, usePeer } from './peers.ts';

function folderWith(name: string, content: string): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'heddle-peers-'));
  writeFileSync(join(path, name), content);
  chmodSync(join(path, name), 0o755);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('a peer on the PATH is found and not skipped', () => {
  using folder = folderWith('redis-server', 'program');
  const environment = { PATH: `/nowhere:${folder.path}` };
  assert.equal(findRedis(environment), join(folder.path, 'redis-server'));
  assert.deepEqual(usePeer('redis-server', environment), {
    name: 'redis-server',
    path: join(folder.path, 'redis-server'),
    skip: false,
  });
});

test('a missing peer is a skip with one line, and an error in CI', () => {
  const peer = usePeer('h2load', { PATH: '/nowhere' });
  assert.equal(peer.path, '');
  assert.match(String(peer.skip), /^h2load is missing \(.*nghttp2-client\)$/);
  assert.throws(() => usePeer('h2load', { PATH: '/nowhere', CI: 'true' }), /CI=true allows no skip/);
});

test('envoy: ENVOY_BIN comes first and must exist; a program is taken before a script', () => {
  using program = folderWith('envoy', '\x7fELF');
  using script = folderWith('envoy', '#!/bin/sh\n');
  const binary = join(program.path, 'envoy');
  assert.equal(findEnvoy({ ENVOY_BIN: binary, PATH: script.path }), binary);
  assert.equal(findEnvoy({ PATH: program.path }), binary);
  assert.equal(
    findEnvoy({ PATH: script.path }),
    join(script.path, 'envoy'),
    'no Python, so the script it is',
  );
  assert.equal(findEnvoy({ PATH: '/nowhere' }), undefined);
  assert.throws(() => findEnvoy({ ENVOY_BIN: '/nowhere/envoy' }), /ENVOY_BIN names no program/);
});

test('what npm puts on the PATH is no peer: the command `envoy` of the repository is not compared with itself', () => {
  using folder = folderWith('envoy', '\x7fELF');
  const bin = join(folder.path, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'envoy'), '#!/bin/sh\n');
  chmodSync(join(bin, 'envoy'), 0o755);
  assert.equal(findEnvoy({ PATH: `${bin}:${folder.path}` }), join(folder.path, 'envoy'));
  assert.equal(findEnvoy({ PATH: bin }), undefined);
});
