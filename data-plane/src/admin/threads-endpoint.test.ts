import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createThreadsEndpoint } from './threads-endpoint.ts';

test('/threads prints what each thread holds, the main thread first', async () => {
  const endpoint = createThreadsEndpoint(() =>
    Promise.resolve([
      { name: 'main_thread', timerCount: 3, heapUsedBytes: 10, externalBytes: 20 },
      { name: 'worker_0', timerCount: 4, heapUsedBytes: 11, externalBytes: 21 },
    ]),
  );
  const { status, body } = await endpoint.handle(new URLSearchParams());
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body), {
    threads: [
      { name: 'main_thread', timers: 3, heap_used: 10, external: 20 },
      { name: 'worker_0', timers: 4, heap_used: 11, external: 21 },
    ],
  });
});
