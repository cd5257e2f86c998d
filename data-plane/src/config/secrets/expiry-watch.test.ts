import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { ExpiryWatch } from './expiry-watch.ts';

const dayMs = 86_400_000;

function start() {
  const clock = createFakeClock();
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    {},
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const watch = new ExpiryWatch(clock, logger);
  const said = (): string[] =>
    lines
      .splice(0)
      .map(({ msg, owner, secretName }) => `${String(owner)} ${String(secretName)}: ${String(msg)}`);
  return { clock, watch, said };
}

test('a certificate is warned of once before its end, and once at it', async () => {
  const { clock, watch, said } = start();
  const now = clock.now();
  const certificate = (days: number) => ({
    owner: 'listener l',
    secret: 'leaf',
    validity: { from: now, to: now + days * dayMs },
  });
  assert.equal(watch.daysUntilFirstExpiry(), 4_294_967_295);
  const user = {};
  watch.watch(user, [certificate(10)]);
  watch.watch({}, [certificate(10)]);
  await Promise.resolve();
  assert.equal(watch.daysUntilFirstExpiry(), 10);
  assert.deepEqual(said(), []);
  clock.advance(8 * dayMs + 1);
  assert.deepEqual(said(), ['listener l leaf: certificate expires soon']);
  assert.equal(watch.daysUntilFirstExpiry(), 1);
  clock.advance(dayMs);
  assert.deepEqual(said(), []);
  clock.advance(dayMs);
  assert.deepEqual(said(), ['listener l leaf: certificate has expired']);
  assert.equal(watch.daysUntilFirstExpiry(), 0);
  clock.advance(5 * dayMs);
  assert.deepEqual(said(), []);
  // In time replaced: the new one is silent, and only the other user's is left to be counted.
  watch.watch(user, [certificate(100)]);
  await Promise.resolve();
  assert.deepEqual(said(), []);
  watch.stop();
  assert.equal(clock.pendingTimerCount, 0);
});
