import type { Rng } from '@heddle/shared/random/rng';
import { randomInteger } from '@heddle/shared/random/rng';
import { compareReadings } from './compare-readings.ts';
import type { FuzzTools } from './fuzz-tools.ts';
import { defineFuzzer, mustAgree, toOutcome, type CaseOutcome, type Fuzzer } from './fuzzer.ts';
import { explain } from './http1-differences.ts';
import { readResponseWithLlhttp } from './llhttp-oracle.ts';
import { generateRequests, generateResponse } from './message-generator.ts';
import { mutateTokens } from './mutate-tokens.ts';
import { readRequestsWithCodec, readResponseWithCodec, type Cuts } from './our-reading.ts';
import type { Reading } from './reading.ts';
import { generateValidAnswer, generateValidRequests, toText } from './token-message.ts';

const hostileRequests = (rng: Rng): string =>
  randomInteger(rng, 2) === 0 ? generateRequests(rng) : mutateTokens(rng, generateValidRequests(rng));
const hostileAnswer = (rng: Rng): string =>
  randomInteger(rng, 2) === 0 ? generateResponse(rng) : mutateTokens(rng, generateValidAnswer(rng));

function textFuzzer(
  name: string,
  generate: (rng: Rng) => string,
  check: (input: string, tools: FuzzTools) => Promise<CaseOutcome> | CaseOutcome,
): Fuzzer {
  return defineFuzzer<string>({
    name,
    generate: (rng) => generate(rng).split(''),
    check: (characters, tools) => check(characters.join(''), tools),
    describe: (characters) => JSON.stringify(characters.join('')),
  });
}

export const http1Fuzzers: readonly Fuzzer[] = [
  textFuzzer(
    'valid requests',
    (rng) => toText(generateValidRequests(rng)),
    async (input, tools) => mustAgree(await compareRequests(input, tools)),
  ),
  textFuzzer(
    'valid answers',
    (rng) => toText(generateValidAnswer(rng)),
    async (input) => mustAgree(await compareAnswer(input)),
  ),
  textFuzzer('hostile requests', hostileRequests, compareRequests),
  textFuzzer('hostile answers', hostileAnswer, compareAnswer),
  textFuzzer('cut requests', hostileRequests, (input) => checkCuts(input, readRequestsWithCodec)),
  textFuzzer('cut answers', hostileAnswer, (input) => checkCuts(input, readResponseWithCodec)),
  textFuzzer('forwarded requests', hostileRequests, async (input, { forwarding }) =>
    toOutcome(await forwarding.checkRequests(input)),
  ),
  textFuzzer('forwarded answers', hostileAnswer, async (input, { forwarding }) =>
    toOutcome(await forwarding.checkAnswer(input)),
  ),
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
