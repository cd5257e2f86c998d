import { RE2JS } from 're2js';

/** Envoy refuses expressions above it (`re2.max_program_size.error_level`), and with them the whole message. */
export const maxRe2ProgramSize = 100;

/** An instruction of re2js' program, which is a port of RE2's before it is flattened. */
interface Instruction {
  readonly op: number;
  readonly out: number;
  /** Of an alternative its second way, of an empty width what it asserts. */
  readonly arg: number;
  /** First and last characters of ranges, or one character alone. */
  readonly runes: Readonly<Record<number, number>>;
}

interface Program {
  readonly start: number;
  readonly inst: readonly Instruction[];
}

const alternative = 1;
const alternativeOfMatch = 2;
const emptyWidth = 4;
const fail = 5;
const match = 6;
const noOperation = 7;
const ranges = 8;
const anyCharacter = 10;
const anyButLineBreak = 11;
const beginOfText = 4;
const endOfText = 8;

/**
 * How large RE2's program for a pattern is, as Envoy counts it: over the bytes of the pattern as latin1, flattened,
 * with the loop that looks for the beginning of a match. `re2js` says the size before all that, which is about half
 * for classes of several ranges.
 *
 * @throws Error when RE2 would refuse the pattern
 */
export function re2ProgramSize(pattern: string): number {
  const bytes = Buffer.from(pattern, 'utf8').toString('latin1');
  const { inst, start: first } = programOf(bytes);
  const at = (id: number): Instruction => inst[id] ?? { op: fail, out: 0, arg: 0, runes: {} };
  const isSkipped = (id: number): boolean => id === anchoredEnd(inst) || isJump(at(id));

  const isAnchored = at(first).op === emptyWidth && (at(first).arg & beginOfText) !== 0;
  let start = isAnchored ? at(first).out : first;
  const prefixLength = isAnchored ? literalPrefixLength(bytes) : 0;
  for (let index = 0; index < prefixLength; index++) start = at(start).out;
  const roots = findRoots(inst, start, isSkipped);
  let size = 1 + (isAnchored && prefixLength === 0 ? 0 : 2);
  for (const root of roots) {
    const seen = new Set<number>();
    const walk = (id: number): void => {
      if (id !== root && roots.has(id)) size += 1;
      else if (!seen.has(id)) {
        seen.add(id);
        if (isSkipped(id)) for (const next of waysOf(at(id))) walk(next);
        else size += sizeOf(at(id));
      }
    };
    walk(root);
  }
  return size;
}

/** Literal characters behind a `^`: RE2 compares them before it runs the program, which begins behind them. */
function literalPrefixLength(pattern: string): number {
  const [whole = '', literal = ''] =
    /^(?:\(\?i\))?\^(?:\(\?i\))?((?:[^\\.+*?()|[\]{}^$]|\\[^\w\s])*)/.exec(pattern) ?? [];
  const count = literal.replaceAll(/\\./g, 'x').length;
  return /^[*+?{]/.test(pattern.slice(whole.length)) ? Math.max(0, count - 1) : count;
}

function programOf(pattern: string): Program {
  // What the library's own size is computed from has no accessor.
  return (RE2JS.compile(pattern) as unknown as { readonly re2Input: { readonly prog: Program } }).re2Input
    .prog;
}

/** Where lists of the flattened program begin: behind every instruction that does something, and where lists meet. */
function findRoots(
  inst: readonly Instruction[],
  start: number,
  isSkipped: (id: number) => boolean,
): ReadonlySet<number> {
  const roots = new Set([start]);
  const visited = new Set<number>();
  const pending = [start];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const instruction = inst[id];
    if (visited.has(id) || instruction === undefined) continue;
    visited.add(id);
    const ways = waysOf(instruction);
    if (!isSkipped(id)) for (const next of ways) roots.add(next);
    pending.push(...ways);
  }
  // Entered from two lists it is a list of its own.
  const owners = new Map<number, number>();
  for (const root of [...roots]) {
    const walk = (id: number): void => {
      if (id !== root && roots.has(id)) return;
      const owner = owners.get(id);
      if (owner === root) return;
      if (owner !== undefined) {
        roots.add(id);
        return;
      }
      owners.set(id, root);
      const instruction = inst[id];
      if (instruction !== undefined && isSkipped(id)) for (const next of waysOf(instruction)) walk(next);
    };
    walk(root);
  }
  return roots;
}

function isJump({ op }: Instruction): boolean {
  return op === alternative || op === alternativeOfMatch || op === noOperation;
}

function waysOf({ op, out, arg }: Instruction): readonly number[] {
  if (op === alternative || op === alternativeOfMatch) return [out, arg];
  return op === match || op === fail ? [] : [out];
}

/** The `$` at the end of the whole pattern, which RE2 leaves out of the program. */
function anchoredEnd(inst: readonly Instruction[]): number | undefined {
  const end = inst.findIndex(({ op }) => op === match);
  const before = inst.flatMap((instruction, id) => (waysOf(instruction).includes(end) ? [id] : []));
  const [only, ...others] = before;
  if (only === undefined || others.length > 0) return undefined;
  const { op, arg } = inst[only] ?? {};
  return op === emptyWidth && ((arg ?? 0) & endOfText) !== 0 ? only : undefined;
}

/** Ranges of bytes; of letters in either case only the lower one, which is compared folded. */
function sizeOf({ op, runes }: Instruction): number {
  if (op === anyButLineBreak) return 2;
  if (op < ranges || op >= anyCharacter) return 1;
  const bounds = Object.values(runes);
  if (bounds.length < 2) return 1;
  const pairs = bounds.flatMap((low, index) =>
    index % 2 === 0 ? [[low, bounds[index + 1] ?? low] as const] : [],
  );
  const holds = (character: number): boolean =>
    pairs.some(([low, high]) => low <= character && character <= high);
  let isFolded = true;
  for (let upper = 0x41; upper <= 0x5a; upper++) isFolded &&= holds(upper) === holds(upper + 0x20);
  return pairs.filter(([low, high]) => low <= 0xff && !(isFolded && low >= 0x41 && high <= 0x5a)).length;
}
