import type { Rng } from '@heddle/shared/random/rng';
import { randomInteger } from '@heddle/shared/random/rng';
import { compareReadings } from './compare-readings.ts';
import { explain } from './http1-differences.ts';
import { readResponseWithLlhttp, type LlhttpServerOracle } from './llhttp-oracle.ts';
import { generateRequests, generateResponse } from './message-generator.ts';
import { mutateTokens } from './mutate-tokens.ts';
import { readRequestsWithCodec, readResponseWithCodec, type Cuts } from './our-reading.ts';
import type { ForwardingCheck } from './forwarding-check.ts';
import type { Reading } from './reading.ts';
import { generateValidAnswer, generateValidRequests, toText } from './token-message.ts';

/** What fuzzers share. */
export interface FuzzTools {
  readonly server: LlhttpServerOracle;
  readonly forwarding: ForwardingCheck;
}

/** What came of one case: undefined when there is nothing to say. */
export type CaseOutcome = { readonly explained: string } | { readonly unexplained: string } | undefined;

export interface Fuzzer {
  readonly name: string;
  generate(rng: Rng): string;
  check(input: string, tools: FuzzTools): Promise<CaseOutcome> | CaseOutcome;
}

const hostileRequests = (rng: Rng): string =>
  randomInteger(rng, 2) === 0 ? generateRequests(rng) : mutateTokens(rng, generateValidRequests(rng));
const hostileAnswer = (rng: Rng): string =>
  randomInteger(rng, 2) === 0 ? generateResponse(rng) : mutateTokens(rng, generateValidAnswer(rng));

/** Each gets an equal share of the time. */
export const fuzzers: readonly Fuzzer[] = [
  {
    name: 'valid requests',
    generate: (rng) => toText(generateValidRequests(rng)),
    check: async (input, tools) => mustAgree(await compareRequests(input, tools)),
  },
  {
    name: 'valid answers',
    generate: (rng) => toText(generateValidAnswer(rng)),
    check: async (input) => mustAgree(await compareAnswer(input)),
  },
  { name: 'hostile requests', generate: hostileRequests, check: compareRequests },
  { name: 'hostile answers', generate: hostileAnswer, check: compareAnswer },
  {
    name: 'cut requests',
    generate: hostileRequests,
    check: (input) => checkCuts(input, readRequestsWithCodec),
  },
  {
    name: 'cut answers',
    generate: hostileAnswer,
    check: (input) => checkCuts(input, readResponseWithCodec),
  },
  {
    name: 'forwarded requests',
    generate: hostileRequests,
    check: async (input, { forwarding }) => toOutcome(await forwarding.checkRequests(input)),
  },
  {
    name: 'forwarded answers',
    generate: hostileAnswer,
    check: async (input, { forwarding }) => toOutcome(await forwarding.checkAnswer(input)),
  },
];

function compareRequests(input: string, { server }: FuzzTools): Promise<CaseOutcome> {
  const bytes = Buffer.from(input, 'latin1');
  return compareWith(input, true, readRequestsWithCodec(bytes), (chunkBytes) =>
    server.read(bytes, chunkBytes),
  );
}

function compareAnswer(input: string): Promise<CaseOutcome> {
  const bytes = Buffer.from(input, 'latin1');
  return compareWith(input, false, readResponseWithCodec(bytes), (chunkBytes) =>
    readResponseWithLlhttp(bytes, chunkBytes),
  );
}

async function compareWith(
  input: string,
  isRequest: boolean,
  ours: Reading,
  read: (chunkBytes?: number) => Promise<Reading>,
): Promise<CaseOutcome> {
  let theirs = await read();
  // Node loses a good message before a bad one when both come at once.
  if (compareReadings(ours, theirs) !== undefined) theirs = await read(1);
  const kind = compareReadings(ours, theirs);
  if (kind === undefined) return undefined;
  const explained = explain({ kind, isRequest, input, ours, theirs });
  if (explained !== undefined) return { explained };
  return { unexplained: `${kind}\n  ours   ${JSON.stringify(ours)}\n  llhttp ${JSON.stringify(theirs)}` };
}

/** Of valid messages there is nothing to explain. */
function mustAgree(outcome: CaseOutcome): CaseOutcome {
  return outcome !== undefined && 'explained' in outcome ? { unexplained: outcome.explained } : outcome;
}

/** Whole, byte by byte and in two parts, cut at every place: the same. A line end makes every line complete. */
function checkCuts(input: string, read: (bytes: Buffer, cuts?: Cuts) => Reading): CaseOutcome {
  const bytes = Buffer.from(`${input}\r\n\r\n`, 'latin1');
  const whole = JSON.stringify(read(bytes));
  const everywhere = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1);
  for (const cuts of [everywhere, ...everywhere.map((cut) => [cut])]) {
    const cut = JSON.stringify(read(bytes, cuts));
    if (cut !== whole) return { unexplained: `cut at ${cuts.join()}\n  whole ${whole}\n  cut   ${cut}` };
  }
  return undefined;
}

function toOutcome(reason: string | undefined): CaseOutcome {
  return reason === undefined ? undefined : { unexplained: reason };
}
