import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { flagAck, frameHeaders, frameSettings } from '../../src/codec/http2/protocol.ts';
import { emptySettings, preface } from './describe-parts.ts';
import { generateValue } from './generate-message.ts';
import { hostileBlockPart } from './hostile-parts.ts';
import { defaultTableBytes, field, frame, type FieldPart, type Part } from './part.ts';
import { oneIn, pick } from './pick.ts';

/** Few names and values, so that tables are hit, filled and emptied; some are too large for any. */
const names = ['x-a', 'x-bb', 'accept', 'cookie', 'user-agent', 'via', 'etag', 'x-long-name-of-a-field'];
const values = [
  '',
  'a',
  'value',
  'gzip, deflate',
  'another value that is longer',
  '\xe9\xff',
  'v'.repeat(120),
];
const endHeadersAndStream = 5;

/** Requests of one connection, for the sake of their blocks; in half of the cases one block or more is changed. */
export function generateHeaderBlocks(rng: Rng): Part[] {
  const tableBytes = pick(rng, [0, 100, defaultTableBytes] as const);
  const isAcknowledged = oneIn(rng, 2);
  const blocks = Array.from({ length: 1 + randomInteger(rng, 8) }, (_, index): Part[] => {
    const sizes = tableSizes(rng, index === 0 && isAcknowledged, tableBytes);
    const head = frame(frameHeaders, endHeadersAndStream, 2 * index + 1);
    return [head, ...sizes, ...pseudoFields(rng), ...fields(rng)];
  });
  const parts: Part[] = [
    { kind: 'limits', tableBytes },
    preface,
    emptySettings,
    ...(isAcknowledged ? [frame(frameSettings, flagAck, 0)] : []),
    ...blocks.flat(),
  ];
  return oneIn(rng, 2) ? parts : mutateBlocks(rng, parts);
}

/** A reader's smaller table has to be taken note of, once. */
function tableSizes(rng: Rng, mustSay: boolean, allowedBytes: number): Part[] {
  const size = (): Part => ({
    kind: 'table-size',
    bytes: Math.min(allowedBytes, pick(rng, [0, 40, 100, 500, 4_096])),
  });
  if (mustSay || oneIn(rng, 5)) return oneIn(rng, 3) ? [size(), size()] : [size()];
  return [];
}

function pseudoFields(rng: Rng): FieldPart[] {
  const written: readonly (readonly [string, string])[] = [
    [':method', pick(rng, ['GET', 'POST', 'PUT'])],
    [':scheme', pick(rng, ['http', 'https'])],
    [':path', pick(rng, ['/', '/index.html', '/x'])],
    [':authority', pick(rng, ['a.test', 'b.test'])],
  ];
  return written.map(([name, value]) => anyField(rng, name, value));
}

function fields(rng: Rng): FieldPart[] {
  return Array.from({ length: randomInteger(rng, 10) }, () =>
    anyField(rng, pick(rng, names), oneIn(rng, 4) ? generateValue(rng) : pick(rng, values)),
  );
}

function anyField(rng: Rng, name: string, value: string): FieldPart {
  const how = pick(rng, ['indexed', 'indexed', 'incremental', 'without', 'never'] as const);
  return field(name, value, how, oneIn(rng, 2));
}

function mutateBlocks(rng: Rng, parts: readonly Part[]): Part[] {
  const mutated = [...parts];
  for (let left = 1 + randomInteger(rng, 2); left > 0; left--) {
    const at = mutated.findIndex(({ kind }) => kind === 'field') + randomInteger(rng, mutated.length);
    const isReplaced = oneIn(rng, 2) && mutated[at]?.kind === 'field';
    mutated.splice(at, isReplaced ? 1 : 0, hostileBlockPart(rng));
  }
  // Nothing says any more that the table is smaller.
  const sizeAt = mutated.findIndex(({ kind }) => kind === 'table-size');
  if (sizeAt >= 0 && oneIn(rng, 4)) mutated.splice(sizeAt, 1);
  return mutated;
}
