import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { MainToWorker, ThreadFigures } from './config/worker-protocol.ts';
import { createThreadInspection } from './thread-inspection.ts';

const figures = (timerCount: number): ThreadFigures => ({ timerCount, heapUsedBytes: 1, externalBytes: 2 });

function startInspection() {
  const clock = createFakeClock();
  const sent: MainToWorker[] = [];
  const workers = { count: 2, sendToAll: (message: MainToWorker) => void sent.push(message) };
  return { clock, sent, inspection: createThreadInspection(workers, clock, () => 7) };
}

test('asks every worker once, however many look at the same time', async () => {
  const { clock, sent, inspection } = startInspection();
  const [first, second] = [inspection.inspect(), inspection.inspect()];
  assert.deepEqual(sent, [{ kind: 'inspect' }]);
  inspection.onReport(1, figures(5));
  inspection.onReport(0, figures(4));
  assert.equal(await first, await second);
  assert.deepEqual(
    (await first).map(({ name, timerCount }) => [name, timerCount]),
    [
      ['main_thread', 7],
      ['worker_0', 4],
      ['worker_1', 5],
    ],
  );
  assert.equal(clock.pendingTimerCount, 0);
});

test('a worker that does not answer is left out, and asked again the next time', async () => {
  const { clock, sent, inspection } = startInspection();
  const first = inspection.inspect();
  inspection.onReport(1, figures(5));
  clock.advance(1000);
  assert.deepEqual(
    (await first).map(({ name }) => name),
    ['main_thread', 'worker_1'],
  );
  const second = inspection.inspect();
  assert.equal(sent.length, 2);
  inspection.onReport(0, figures(0));
  inspection.onReport(1, figures(0));
  assert.equal((await second).length, 3);
});
