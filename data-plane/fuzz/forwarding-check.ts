import { statusOf, type SeenMessage } from '../test/http1-rules/observation.ts';
import { MemoryProxy } from '../test/http1-rules/memory-proxy.ts';
import { readResponseWithLlhttp, type LlhttpServerOracle } from './llhttp-oracle.ts';
import { readRequestsWithCodec } from './our-reading.ts';
import type { MessageReading } from './reading.ts';

const plainRequest = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

/**
 * Whatever comes in, what goes out is a message that the strictest reader understands, and llhttp too, and it means
 * what we understood. Through the whole request path, in memory.
 */
export class ForwardingCheck {
  readonly #proxy = new MemoryProxy();
  readonly #server: LlhttpServerOracle;

  constructor(server: LlhttpServerOracle) {
    this.#server = server;
  }

  close(): void {
    this.#proxy.close();
  }

  /** What is wrong; undefined: nothing. */
  async checkRequests(input: string): Promise<string | undefined> {
    const seen = await this.#run(input, undefined);
    // Whether an answer is one to HEAD is not known of bytes like these.
    const faults = seen.faults.filter((fault) => fault.startsWith('request'));
    if (faults.length > 0) return faults.join('; ');
    // Some that the codec understands are refused further on; none is added, and none changes its place.
    const understood = readRequestsWithCodec(Buffer.from(input, 'latin1')).messages;
    let at = 0;
    for (const request of seen.requests) {
      while (at < understood.length && !isForwarded(understood[at], request)) at++;
      if (at++ === understood.length) return `forwarded, and never understood: ${JSON.stringify(request)}`;
    }
    for (const text of seen.forwardedTexts) {
      const theirs = await this.#server.read(Buffer.from(text, 'latin1'), 1);
      if (theirs.error !== '')
        return `llhttp refuses what was forwarded: ${theirs.error}: ${JSON.stringify(text)}`;
    }
    return undefined;
  }

  async checkAnswer(input: string): Promise<string | undefined> {
    const seen = await this.#run(plainRequest, input);
    if (seen.faults.length > 0) return seen.faults.join('; ');
    const theirs = await readResponseWithLlhttp(Buffer.from(seen.answeredText, 'latin1'), 1);
    const [ours] = seen.answers;
    const [their] = theirs.messages;
    if (ours === undefined || their === undefined) {
      return ours === their
        ? undefined
        : `complete for one reader only: ${JSON.stringify(seen.answeredText)}`;
    }
    const isSame = their.start === String(statusOf(ours)) && their.body === ours.body;
    return isSame ? undefined : `llhttp reads the answer differently: ${JSON.stringify(seen.answeredText)}`;
  }

  #run(request: string, answer: string | undefined): ReturnType<MemoryProxy['run']> {
    return this.#proxy.run(
      {
        id: '',
        section: '',
        level: 'MUST',
        demand: '',
        request,
        outcomes: [],
        endsAfterRequest: answer === undefined,
        acceptsHttp10: true,
        ...(answer === undefined ? {} : { answers: [{ bytes: answer, closes: true }] }),
      },
      'whole',
    );
  }
}

function isForwarded(understood: MessageReading | undefined, { startLine, body }: SeenMessage): boolean {
  if (understood === undefined) return false;
  const [method = '', target = ''] = startLine.split(' ');
  return understood.start === method && understood.target === target && understood.body === body;
}
