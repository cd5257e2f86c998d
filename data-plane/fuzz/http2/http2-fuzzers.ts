import type { CaseOutcome } from '../fuzzer.ts';
import { defineFuzzer, mustAgree, toOutcome, type Fuzzer } from '../fuzzer.ts';
import type { Rng } from '@heddle/shared/random/rng';
import type { FuzzTools } from '../fuzz-tools.ts';
import { buildFrames } from './build-frames.ts';
import { readAnswers, readRequests, type CodecReading, type CodecRun } from './codec-reading.ts';
import { checkForwardedAnswers, checkForwardedRequests } from './http2-forwarding-check.ts';
import { generateHeaderBlocks } from './generate-header-blocks.ts';
import { checkExchanges, describeExchanges, generateExchanges, type Exchange } from './nghttp2-exchange.ts';
import { describeParts } from './describe-parts.ts';
import { generateClientConnection, generateServerConnection } from './generate-connection.ts';
import { findPartings } from './find-partings.ts';
import { mutateParts } from './mutate-parts.ts';
import { tableBytesOf, type Part } from './part.ts';
import { showReading } from './reading.ts';

const hostileClient = (rng: Rng): Part[] => mutateParts(rng, generateClientConnection(rng));
const hostileServer = (rng: Rng): Part[] => mutateParts(rng, generateServerConnection(rng));

function framesFuzzer(
  name: string,
  generate: (rng: Rng) => Part[],
  check: (parts: readonly Part[], tools: FuzzTools) => Promise<CaseOutcome> | CaseOutcome,
): Fuzzer {
  return defineFuzzer<Part>({ name: `HTTP/2 ${name}`, generate, check, describe: describeParts });
}

export const http2Fuzzers: readonly Fuzzer[] = [
  framesFuzzer('valid requests', generateClientConnection, async (parts, tools) =>
    mustAgree(await compare(parts, true, tools)),
  ),
  framesFuzzer('valid answers', generateServerConnection, async (parts, tools) =>
    mustAgree(await compare(parts, false, tools)),
  ),
  framesFuzzer('hostile requests', hostileClient, (parts, tools) => compare(parts, true, tools)),
  framesFuzzer('hostile answers', hostileServer, (parts, tools) => compare(parts, false, tools)),
  framesFuzzer('header blocks', generateHeaderBlocks, (parts, tools) => compare(parts, true, tools)),
  defineFuzzer<Exchange>({
    name: 'HTTP/2 exchanges',
    generate: generateExchanges,
    check: async (exchanges) => toOutcome(await checkExchanges(exchanges)),
    describe: describeExchanges,
  }),
  framesFuzzer('cut requests', hostileClient, (parts) => checkCuts(parts, readRequests)),
  framesFuzzer('cut answers', hostileServer, (parts) => checkCuts(parts, readAnswers)),
  framesFuzzer('forwarded requests', hostileClient, async (parts, { server }) => {
    const reading = readRequests(buildFrames(parts), { tableBytes: tableBytesOf(parts) });
    return toOutcome(await checkForwardedRequests(reading, server));
  }),
  framesFuzzer('forwarded answers', hostileServer, async (parts) => {
    const reading = readAnswers(buildFrames(parts), { tableBytes: tableBytesOf(parts) });
    return toOutcome(await checkForwardedAnswers(reading));
  }),
];

/** At most so many places are tried alone; all of them are together. */
const maxSingleCuts = 40;

/** Whole, byte by byte, and in two parts, cut at many places: the same events, and the same bytes written. */
function checkCuts(
  parts: readonly Part[],
  read: (chunks: readonly Buffer[], run: CodecRun) => CodecReading,
): CaseOutcome {
  const bytes = Buffer.concat(buildFrames(parts));
  const run = { tableBytes: tableBytesOf(parts), answers: true, isStrict: parts.length % 4 === 0 };
  const whole = showWhole(read([bytes], run));
  const everywhere = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const step = Math.ceil(bytes.length / maxSingleCuts);
  const cuts = Array.from({ length: maxSingleCuts }, (_, index) => index * step + (bytes.length % step));
  const inTwo = cuts.map((cut) => [bytes.subarray(0, cut), bytes.subarray(cut)]);
  for (const chunks of [everywhere, ...inTwo]) {
    const cut = showWhole(read(chunks, run));
    if (cut !== whole) {
      const where = chunks.length === 2 ? `at ${chunks[0]?.length}` : 'everywhere';
      return { unexplained: `cut ${where}\n  whole ${whole}\n  cut   ${cut}` };
    }
  }
  return undefined;
}

/** How much of a message came before something was refused in the middle of a frame is a matter of reads. */
function showWhole(reading: CodecReading): string {
  for (const stream of reading.streams.values()) {
    const isLost = reading.goAwayCode !== undefined && stream.end !== 'complete';
    if (isLost || stream.end === 'refused') stream.body = '';
  }
  return `${showReading(reading)}; ${Buffer.from(reading.written, 'latin1').toString('hex')}`;
}

async function compare(
  parts: readonly Part[],
  isRequest: boolean,
  { http2 }: FuzzTools,
): Promise<CaseOutcome> {
  const partings = await findPartings(parts, isRequest, http2);
  const open = partings.find(({ explained }) => explained === undefined);
  if (open !== undefined) {
    const where = open.streamId === 0 ? 'connection' : `stream ${open.streamId}`;
    return { unexplained: `${open.kind}, ${where}${open.shown}` };
  }
  const explained = partings[0]?.explained;
  return explained === undefined ? undefined : { explained };
}
