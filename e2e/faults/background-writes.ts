import { call, type Answer } from '../harness/http-call.ts';
import { WriteLedger } from './write-ledger.ts';

/** Writes one after the other all the time, each with a value of its own, and remembers what came of them. */
export interface BackgroundWrites {
  readonly ledger: WriteLedger;
  /** No further writes; resolves when the one in flight has ended. */
  stop(): Promise<void>;
}

export interface BackgroundWritesOptions {
  /** Where the n-th write goes. */
  readonly restPort: (write: number) => number;
  readonly service: string;
  /** Goes on with what earlier writes left; their numbers must differ, since values are told apart by them. */
  readonly after?: { readonly ledger: WriteLedger; readonly firstWrite: number };
}

/** They go round, so that each key is written again and again. */
const keyCount = 10;
const pauseMs = 10;
/** A write must have ended when the next one of its key begins, so nothing but the store's silence ends it before. */
const timeoutMs = 30_000;

export function startBackgroundWrites({
  restPort,
  service,
  after = { ledger: new WriteLedger(), firstWrite: 0 },
}: BackgroundWritesOptions): BackgroundWrites {
  const { ledger } = after;
  let isStopped = false;

  async function write(number: number): Promise<void> {
    const [id, value] = [`written-${number % keyCount}`, String(number)];
    let answer: Answer | undefined;
    try {
      answer = await call(restPort(number), `/v1/services/${service}/instances/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ address: '127.0.0.1', port: 1, metadata: { write: value } }),
        timeoutMs,
      });
    } catch {
      // Nobody listens, or the connection ended before the answer: who knows.
    }
    if (answer === undefined || answer.status >= 500) ledger.doubtful(id, value);
    else if (answer.status < 300) ledger.acknowledged(id, value);
    else ledger.refused();
  }

  const running = (async () => {
    for (let number = after.firstWrite; !isStopped; number++) {
      await write(number);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  return {
    ledger,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
