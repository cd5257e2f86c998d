import { setFlagsFromString } from 'node:v8';
import { RE2JS } from 're2js';
import { InvalidInputError } from '../errors/problem.ts';
import { messageOf } from '../errors/heddle-error.ts';
import { translatePattern } from './regex-translation.ts';

/**
 * A regular expression from configuration: RE2's syntax and RE2's promise of linear time. Texts are header values and
 * paths, that is, latin1 strings.
 */
export interface Regex {
  /** The whole text matches. */
  matchesFully(text: string): boolean;
  /** Some part of the text matches. */
  matchesPartially(text: string): boolean;
}

/** A pattern with what replaces each of its matches. */
export interface RegexReplacement {
  /** Every match, from left to right, none overlapping, replaced. A text without a match is returned as it is. */
  replaceAll(text: string): string;
}

/**
 * Compiles a pattern. It runs as a RegExp where V8's linear engine can take over from a backtracking that got out of
 * hand (0.05 µs), else in `re2js` (about 2 µs).
 *
 * @throws InvalidInputError when RE2 would refuse the pattern
 */
export function compileRegex(pattern: string): Regex {
  const slow = parseWithRe2(pattern);
  const source = linearSource(pattern);
  if (source === undefined) {
    return {
      matchesFully: (text) => slow.matches(toUtf8Text(text)),
      matchesPartially: (text) => slow.matcher(toUtf8Text(text)).find(),
    };
  }
  const full = new RegExp(`^(?:${source})$`);
  const partial = new RegExp(source);
  return { matchesFully: (text) => full.test(text), matchesPartially: (text) => partial.test(text) };
}

/**
 * Compiles a pattern and its substitution, in which `\0` to `\9` are groups and `\\` is a backslash. As in Envoy a
 * group that does not exist leaves every text as it is, and a bad escape replaces each match by nothing.
 *
 * @throws InvalidInputError when RE2 would refuse the pattern
 */
export function compileRegexReplacement(pattern: string, substitution: string): RegexReplacement {
  const slow = parseWithRe2(pattern);
  const pieces = parseSubstitution(substitution);
  const highestGroup = Math.max(0, ...pieces.filter((piece) => typeof piece === 'number'));
  if (highestGroup > slow.groupCount()) return { replaceAll: (text) => text };

  const source = linearSource(pattern, { isForReplacement: true });
  if (source === undefined) {
    return { replaceAll: (text) => replaceWithRe2(slow, pieces, text) };
  }
  const regex = new RegExp(source, 'g');
  return { replaceAll: (text) => replaceWithRegExp(regex, pieces, text) };
}

function parseWithRe2(pattern: string): RE2JS {
  try {
    // RE2's `\C` is a byte, and so is a character here; re2js does not know it.
    return RE2JS.compile(pattern.replace(/\\[^]/g, (escape) => (escape === '\\C' ? '(?s:.)' : escape)));
  } catch (err) {
    throw new InvalidInputError([
      { path: '', message: `not a regular expression of RE2 ("${pattern}"): ${messageOf(err)}` },
    ]);
  }
}

/** The pattern for a RegExp that V8 can run in linear time; undefined: it cannot. */
function linearSource(pattern: string, { isForReplacement = false } = {}): string | undefined {
  const translated = translatePattern(pattern);
  if (translated === undefined) return undefined;
  if (isForReplacement && translated.hasCaptureUnderQuantifier) return undefined;
  // Both flags are idempotent. The first permits `l`, which refuses at once what the linear engine cannot run; the
  // second lets it take over when a plain RegExp backtracks too much.
  setFlagsFromString('--enable-experimental-regexp-engine');
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  try {
    new RegExp(`^(?:${translated.source})$`, 'l');
    return translated.source;
  } catch {
    return undefined;
  }
}

/** A substitution as texts and group numbers. */
function parseSubstitution(substitution: string): (string | number)[] {
  const pieces: (string | number)[] = [];
  for (const [piece] of substitution.matchAll(/\\[^]?|[^\\]+/g)) {
    if (!piece.startsWith('\\')) pieces.push(piece);
    else if (piece === '\\\\') pieces.push('\\');
    else if (/\d/.test(piece)) pieces.push(Number(piece.slice(1)));
    else return [];
  }
  return pieces;
}

function replaceWithRegExp(regex: RegExp, pieces: readonly (string | number)[], text: string): string {
  let result = '';
  let copiedTo = 0;
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
    const isEmpty = match[0] === '';
    // RE2 takes no empty match right behind another match; JavaScript would.
    if (!isEmpty || match.index !== copiedTo || copiedTo === 0) {
      result += text.slice(copiedTo, match.index) + expand(pieces, match);
      copiedTo = match.index + match[0].length;
    }
    if (isEmpty) regex.lastIndex++;
  }
  return copiedTo === 0 && result === '' ? text : result + text.slice(copiedTo);
}

function replaceWithRe2(regex: RE2JS, pieces: readonly (string | number)[], latin1Text: string): string {
  const text = toUtf8Text(latin1Text);
  const matcher = regex.matcher(text);
  const groupCount = regex.groupCount();
  let result = '';
  let copiedTo = 0;
  let hasMatched = false;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (start === end && hasMatched && start === copiedTo) continue;
    const groups: (string | undefined)[] = [];
    for (let group = 0; group <= groupCount; group++) groups.push(matcher.group(group) ?? undefined);
    result += text.slice(copiedTo, start) + expand(pieces, groups);
    copiedTo = end;
    hasMatched = true;
  }
  return hasMatched ? fromUtf8Text(result + text.slice(copiedTo)) : latin1Text;
}

function expand(pieces: readonly (string | number)[], groups: readonly (string | undefined)[]): string {
  let text = '';
  for (const piece of pieces) text += typeof piece === 'number' ? (groups[piece] ?? '') : piece;
  return text;
}

/** Patterns beyond ASCII mean characters; latin1 header values hold the bytes of UTF-8. */
function toUtf8Text(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.from(text, 'latin1').toString('utf8');
  }
  return text;
}

function fromUtf8Text(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
