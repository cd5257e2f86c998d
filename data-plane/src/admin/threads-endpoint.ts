import { jsonAnswer, type AdminEndpoint } from './admin-server.ts';

export interface ThreadView {
  readonly name: string;
  readonly timerCount: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
}

/** `/threads`, which Envoy lacks: what grows in it for hours while nothing is configured anew is a leak. */
export function createThreadsEndpoint(inspect: () => Promise<readonly ThreadView[]>): AdminEndpoint {
  return {
    path: '/threads',
    help: 'print timers and memory of each thread',
    isMutating: false,
    async handle() {
      const threads = await inspect();
      return jsonAnswer({
        threads: threads.map(({ name, timerCount, heapUsedBytes, externalBytes }) => ({
          name,
          timers: timerCount,
          heap_used: heapUsedBytes,
          external: externalBytes,
        })),
      });
    },
  };
}
