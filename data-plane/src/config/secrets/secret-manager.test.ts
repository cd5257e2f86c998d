import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { RecordingStats } from '../ads/testing/recording-stats.ts';
import type { Secret, SecretRef, SecretValue } from '../model/secret.ts';
import type { UpstreamTls } from '../model/tls.ts';
import { resourceTypes } from '../resources/testing/decode-yaml.ts';
import type { ReceivedResource, ResourceWatcher } from '../subscription.ts';
import { createContextSecrets } from './context-secrets.ts';
import { ExpiryWatch } from './expiry-watch.ts';
import { createSecretManager } from './secret-manager.ts';

const root = (more: object = {}): SecretValue => ({
  kind: 'validation-context',
  validation: { subjectAltNames: [], certificateHashes: [], spkiHashes: [], ...more },
});
const trusting = root({ trustedCaPem: 'x', authorityValidity: { from: 0, to: 2_000_000_000_000 } });
const ref = (name: string): SecretRef => ({
  key: name,
  kind: 'validation-context',
  name,
  source: { kind: 'ads' },
  initialFetchTimeoutMs: 1000,
});
const contextOf = (name: string, subjectAltNames: number): UpstreamTls => ({
  parameters: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', cipherSuites: [], ecdhCurves: [] },
  certificates: [],
  alpnProtocols: [],
  sni: '',
  autoHostSni: false,
  autoSniSanValidation: false,
  enforceRsaKeyUsage: false,
  maxSessionKeys: 1,
  validation: {
    subjectAltNames: Array.from({ length: subjectAltNames }, () => ({
      type: 'dns' as const,
      oid: '',
      matcher: { kind: 'exact' as const, value: 'a', ignoreCase: false },
    })),
    certificateHashes: [],
    spkiHashes: [],
  },
  secrets: { certificates: [], validation: ref(name) },
});

function start() {
  const watchers = new Map<string, ResourceWatcher<Secret>>();
  const published: string[] = [];
  const stats = new RecordingStats();
  const clock = createFakeClock();
  const logger = createSilentLogger();
  const manager = createSecretManager({
    sourceOf: () => ({
      subscribe(names, watcher) {
        const name = names?.[0] ?? '';
        assert.equal(watchers.has(name), false, 'one subscription for each secret');
        watchers.set(name, watcher);
        return { close: () => watchers.delete(name) };
      },
    }),
    decode: (bytes) => resourceTypes.secret.decode(bytes),
    publish({ secrets = [], removedSecrets = [] }) {
      published.push(...secrets.map(({ key }) => `+${key}`), ...removedSecrets.map((key) => `-${key}`));
      return 1;
    },
    clock,
    logger,
    stats,
  });
  const contexts = createContextSecrets(manager, new ExpiryWatch(clock, logger), stats);
  const push = (name: string, value: SecretValue) => {
    const resource: ReceivedResource<Secret> = {
      name,
      version: '1',
      bytes: Buffer.alloc(0),
      value: { name, value, watchedDirectories: [] },
    };
    return watchers.get(name)?.onUpdate({ upserts: [resource], removed: [], systemVersion: '1' });
  };
  return { watchers, published, stats, contexts, push, manager };
}

test('users of one secret share it; each is ready when it is there, late ones at once', () => {
  const { watchers, published, contexts, push, stats } = start();
  const log: string[] = [];
  const one = contexts.acquire('one', [contextOf('r', 0)], () => log.push('one'));
  const two = contexts.acquire('two', [contextOf('r', 0), contextOf('s', 0)], () => log.push('two'));
  assert.equal(log.length, 0);
  assert.deepEqual(push('r', trusting), []);
  assert.deepEqual(log, ['one']);
  push('s', trusting);
  assert.deepEqual(log, ['one', 'two']);
  const late = contexts.acquire('late', [contextOf('r', 0)], () => log.push('late'));
  assert.deepEqual(log, ['one', 'two', 'late']);
  two.countIn('cluster.two.');
  assert.equal(stats.read('cluster.two.client_ssl_socket_factory.ssl_context_update_by_sds'), 2);
  assert.equal(stats.read('cluster.two.ssl.certificate.s.expiration_unix_time_seconds'), 2_000_000_000);
  push('r', trusting);
  assert.equal(stats.read('cluster.two.client_ssl_socket_factory.ssl_context_update_by_sds'), 3);
  assert.deepEqual(log, ['one', 'two', 'late']);
  for (const use of [one, late]) use.release();
  assert.deepEqual([...watchers.keys()], ['r', 's']);
  two.release();
  assert.deepEqual([...watchers.keys()], []);
  assert.deepEqual(published, ['+r', '+s', '+r', '-r', '-s']);
  assert.equal(stats.read('cluster.two.ssl.certificate.s.expiration_unix_time_seconds'), 0);
});

test('what does not fit its users is refused with a path, and the one before serves', () => {
  const { published, contexts, push, manager } = start();
  contexts.acquire('named', [contextOf('r', 1)], () => undefined);
  assert.deepEqual(push('r', trusting), []);
  const withoutRoot = push('r', root());
  assert.deepEqual(
    withoutRoot?.flatMap(({ problems }) => problems.map(({ path }) => path)),
    ['validation_context.trusted_ca'],
  );
  const another = push('r', { kind: 'generic-secret', secretBase64: '' });
  assert.deepEqual(another?.[0]?.problems, [
    { path: 'generic_secret', message: 'is a generic secret, and it is used as a validation context' },
  ]);
  assert.deepEqual(published, ['+r']);
  assert.equal(manager.inspect()[0]?.active?.value.value, trusting);
});

test('a secret that does not come, or is refused or removed, ends the wait and is waited for no more', () => {
  const ends: ((watcher: ResourceWatcher<Secret>) => unknown)[] = [
    (watcher) => watcher.onInitialFetchTimeout(),
    (watcher) => watcher.onRejected([]),
    (watcher) => watcher.onUpdate({ upserts: [], removed: ['r'], systemVersion: '' }),
  ];
  for (const end of ends) {
    const { watchers, contexts, push, published } = start();
    let readyCount = 0;
    contexts.acquire('c', [contextOf('r', 0)], () => readyCount++);
    const watcher = watchers.get('r');
    assert.ok(watcher);
    end(watcher);
    assert.equal(readyCount, 1);
    push('r', trusting);
    watcher.onUpdate({ upserts: [], removed: ['r'], systemVersion: '' });
    assert.equal(readyCount, 1);
    assert.deepEqual(published, ['+r']);
  }
});

test('who has let go is told nothing', () => {
  const { watchers, contexts } = start();
  const use = contexts.acquire('c', [contextOf('r', 0)], () => assert.fail('told'));
  const watcher = watchers.get('r');
  use.release();
  watcher?.onInitialFetchTimeout();
});
