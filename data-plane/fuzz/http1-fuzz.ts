import { pathToFileURL } from 'node:url';
import { createSeededRng } from '@heddle/shared/random/rng';
import type { Clock } from '@heddle/shared/time/clock';
import { systemClock } from '@heddle/shared/time/clock';
import { explain, type DifferenceKind } from './http1-differences.ts';
import { LlhttpServerOracle, readResponseWithLlhttp } from './llhttp-oracle.ts';
import { generateRequests, generateResponse } from './message-generator.ts';
import { readRequestsWithCodec, readResponseWithCodec } from './our-reading.ts';
import { isSameMessage, type Reading } from './reading.ts';

export interface FuzzReport {
  caseCount: number;
  /** Differences that the table explains: name of the entry → how often. */
  readonly explained: Map<string, number>;
  /** The first differences that it does not explain, ready to be read. */
  readonly unexplained: string[];
}

const maxReported = 5;

/** `undefined` where both understood the same. */
function compare(ours: Reading, theirs: Reading): DifferenceKind | undefined {
  const commonCount = Math.min(ours.messages.length, theirs.messages.length);
  for (let index = 0; index < commonCount; index++) {
    const our = ours.messages[index];
    const their = theirs.messages[index];
    if (our !== undefined && their !== undefined && !isSameMessage(our, their)) return 'read-differently';
  }
  if (ours.messages.length > commonCount) return 'looser';
  if (theirs.messages.length > commonCount) return 'stricter';
  if (ours.error === '' && theirs.error !== '') return 'later';
  return undefined;
}

/** Requests and answers, half and half, for `durationMs`. The same seed gives the same cases. */
export async function fuzzHttp1(seed: number, durationMs: number, clock: Clock): Promise<FuzzReport> {
  const rng = createSeededRng(seed);
  const oracle = new LlhttpServerOracle();
  const report: FuzzReport = { caseCount: 0, explained: new Map(), unexplained: [] };
  const endAtMs = clock.monotonicMs() + durationMs;
  while (clock.monotonicMs() < endAtMs && report.unexplained.length < maxReported) {
    const isRequest = report.caseCount % 2 === 0;
    const input = isRequest ? generateRequests(rng) : generateResponse(rng);
    const bytes = Buffer.from(input, 'latin1');
    const ours = isRequest ? readRequestsWithCodec(bytes) : readResponseWithCodec(bytes);
    const readTheirs = (chunkBytes?: number): Promise<Reading> =>
      isRequest ? oracle.read(bytes, chunkBytes) : readResponseWithLlhttp(bytes, chunkBytes);
    let theirs = await readTheirs();
    if (compare(ours, theirs) !== undefined) theirs = await readTheirs(1);
    report.caseCount++;
    const kind = compare(ours, theirs);
    if (kind === undefined) continue;
    const name = explain({ kind, isRequest, input, ours, theirs });
    if (name === undefined) report.unexplained.push(describe(kind, input, ours, theirs));
    else report.explained.set(name, (report.explained.get(name) ?? 0) + 1);
  }
  return report;
}

function describe(kind: string, input: string, ours: Reading, theirs: Reading): string {
  return `${kind}: ${JSON.stringify(input)}\n  ours   ${JSON.stringify(ours)}\n  llhttp ${JSON.stringify(theirs)}`;
}

function numberAfter(flag: string, otherwise: number): number {
  const at = process.argv.indexOf(flag);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const seed = numberAfter('--seed', 1);
  const report = await fuzzHttp1(seed, numberAfter('--seconds', 10) * 1_000, systemClock);
  process.stdout.write(`seed ${seed}: ${report.caseCount} cases\n`);
  for (const [name, count] of report.explained) process.stdout.write(`  ${count} × ${name}\n`);
  for (const text of report.unexplained) process.stdout.write(`${text}\n`);
  process.exitCode = report.unexplained.length === 0 ? 0 : 1;
}
