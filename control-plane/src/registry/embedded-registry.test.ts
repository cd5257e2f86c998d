import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { openEmbeddedRegistry } from './embedded-registry.ts';
import { describeRegistryContract, instance, put, revisionOf, service } from './registry.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-registry-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let fileCount = 0;
const newFile = (): string => join(folder, `${++fileCount}.db`);

const open = (file: string, clock = createFakeClock()) =>
  openEmbeddedRegistry({ file, clock, logger: createSilentLogger(), historyCount: 8 });

describeRegistryContract(
  'embedded',
  () => {
    const clock = createFakeClock();
    const registry = open(newFile(), clock);
    return Promise.resolve({
      registry,
      passTime: (durationMs) => Promise.resolve(clock.advance(durationMs)),
      dispose: () => registry.close(),
    });
  },
  false,
);

describe('embedded registry', () => {
  it('keeps every acknowledged write when its process is killed in the middle of more', async () => {
    const file = newFile();
    const program = `
      import { openEmbeddedRegistry } from ${JSON.stringify(new URL('./embedded-registry.ts', import.meta.url).href)};
      import { createFakeClock } from '@heddle/shared/testing/fake-clock';
      import { createSilentLogger } from '@heddle/shared/logging/logger';
      const registry = openEmbeddedRegistry({ file: ${JSON.stringify(file)}, clock: createFakeClock(), logger: createSilentLogger() });
      for (let count = 0; ; count++) {
        const value = { kind: 'Service', metadata: { name: 's' + count } };
        const result = await registry.transact({ writes: [{ kind: 'put', value }] });
        process.stdout.write(result.revision + '\\n');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
    });
    const exited = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line);
      if (acknowledged >= 25) child.kill('SIGKILL');
    }
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    const registry = open(file);
    assert.ok(revisionOf(registry) >= acknowledged, `${revisionOf(registry)} of ${acknowledged}`);
    assert.equal(registry.list('service/').length, revisionOf(registry), 'each revision made one service');
    await registry.close();
  });

  it('continues its revisions after a restart, and grants leases anew', async () => {
    const file = newFile();
    const first = open(file);
    await put(first, service('cart'));
    await put(first, instance('1', 60));
    const before = first.list('');
    await first.close();
    const clock = createFakeClock();
    const second = open(file, clock);
    assert.deepEqual(second.list(''), before);
    clock.advance(59_000);
    assert.equal(second.list('').length, 2);
    clock.advance(2_000);
    assert.deepEqual(
      second.list('').map((object) => object.key),
      ['service/cart'],
    );
    assert.equal(revisionOf(second), 3);
    await second.close();
    const third = open(file);
    assert.equal(third.list('').length, 1, 'the expiry is durable');
    await third.close();
  });

  it('does not count the time of a stalled process against the leases', async () => {
    const clock = createFakeClock();
    let stalledMs = 0;
    const stallable = { ...clock, monotonicMs: () => clock.monotonicMs() + stalledMs };
    const registry = openEmbeddedRegistry({
      file: ':memory:',
      clock: stallable,
      logger: createSilentLogger(),
    });
    await put(registry, instance('1', 60));
    clock.advance(50_000);
    stalledMs = 100_000;
    clock.advance(10_000);
    assert.equal(registry.list('').length, 1, 'late by 100 s, so extended by 100 s');
    clock.advance(2_000);
    assert.equal(registry.list('').length, 0);
    await registry.close();
  });

  it('refuses a file that another process uses, that is damaged, of a later version, or in no folder', async () => {
    const file = newFile();
    const registry = open(file);
    assert.throws(() => open(file), { code: 'file-unusable', message: /another process uses it/ });
    await registry.close();

    const damaged = newFile();
    writeFileSync(damaged, 'this is not a database at all, but long enough to have a header'.repeat(10));
    assert.throws(() => open(damaged), { code: 'file-unusable', message: /not a database/ });

    const later = newFile();
    new DatabaseSync(later).exec('PRAGMA user_version = 99');
    assert.throws(() => open(later), { code: 'file-unusable', message: /later version/ });

    assert.throws(() => open(join(folder, 'none', 'x.db')), { code: 'file-unusable' });
  });

  it('takes nothing from a transaction that the file refuses, says so, and recovers', async () => {
    const file = newFile();
    const registry = open(file);
    await put(registry, service('cart'));
    // A value that cannot be serialised fails in the middle of the transaction, as a full disk does.
    const unwritable = { ...instance('2'), metadata: { name: '2', service: 'cart', size: 1n } };
    const writes = [instance('1'), unwritable].map((value) => ({ kind: 'put' as const, value }));
    await assert.rejects(registry.transact({ writes }), { code: 'registry-unavailable' });
    assert.equal(registry.status().kind, 'unavailable');
    assert.deepEqual(
      registry.list('').map((object) => object.key),
      ['service/cart'],
    );
    await put(registry, instance('3'));
    assert.deepEqual(registry.status(), { kind: 'available', revision: 2 });
    await registry.close();
    const reopened = open(file);
    assert.deepEqual(
      reopened.list('').map((object) => object.key),
      ['instance/cart/3', 'service/cart'],
    );
    await reopened.close();
  });
});
