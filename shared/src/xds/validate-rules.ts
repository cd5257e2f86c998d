import { compileRegex } from '../lang/regex.ts';
import type { Rules, RuleValue } from './api-table.ts';
import type { EnumType, FieldType } from './message-type.ts';
import type { SecondsAndNanos } from './proto-json-texts.ts';

/** What is wrong with a value, or undefined. */
export type Check = (value: unknown) => string | undefined;

/**
 * The checks of one value of a field (of each element, of each map value) for its rules of one kind, such as
 * `string` or `duration`. Rules that concern lists, maps and presence are not here but in validate.ts.
 *
 * @throws Error for a rule that is not known: an API that brings one must be met by code, not by silence
 */
export function compileChecks(kind: string, rules: Rules, field: FieldType): Check[] {
  const checks = Object.entries(rules)
    .filter(([name]) => !rulesReadElsewhere.has(`${kind}.${name}`))
    .map(([name, rule]) => compileRule(kind, name, rule, rules, field));
  return rules['ignore_empty'] === true ? checks.map(unlessEmpty) : checks;
}

const rulesReadElsewhere: ReadonlySet<string> = new Set([
  'string.ignore_empty',
  'string.strict',
  'uint32.ignore_empty',
  'message.required',
  'message.skip',
  'duration.required',
  'any.required',
]);

function compileRule(kind: string, name: string, rule: RuleValue, rules: Rules, field: FieldType): Check {
  switch (kind) {
    case 'string':
      return compileStringRule(name, rule, rules['strict'] !== false);
    case 'bytes':
      return compileBytesRule(name, rule);
    case 'enum':
      return compileEnumRule(name, rule, field.enumType);
    case 'duration':
      return compileDurationRule(name, rule);
    case 'bool':
      if (name === 'const') return unless((value) => value === rule, `must be ${textOf(rule)}`);
      break;
    case 'double':
    case 'float':
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return compileNumberRule(kind, name, rule);
    default:
  }
  throw unknownRule(kind, name);
}

function compileNumberRule(kind: string, name: string, rule: RuleValue): Check {
  const bound = Number(rule);
  switch (name) {
    case 'gt':
      return unless((value) => (value as number) > bound, `must be greater than ${bound}`);
    case 'gte':
      return unless((value) => (value as number) >= bound, `must be at least ${bound}`);
    case 'lt':
      return unless((value) => (value as number) < bound, `must be less than ${bound}`);
    case 'lte':
      return unless((value) => (value as number) <= bound, `must be at most ${bound}`);
    default:
      throw unknownRule(kind, name);
  }
}

function compileStringRule(name: string, rule: RuleValue, isStrict: boolean): Check {
  const count = Number(rule);
  switch (name) {
    case 'min_len':
      if (count === 1) return unless((value) => value !== '', 'must not be empty');
      return unless(
        (value) => characterCount(value as string) >= count,
        `must have at least ${count} characters`,
      );
    case 'max_len':
      return unless(
        (value) => characterCount(value as string) <= count,
        `must have at most ${count} characters`,
      );
    case 'max_bytes':
      return unless(
        (value) => Buffer.byteLength(value as string) <= count,
        `must have at most ${count} bytes`,
      );
    case 'prefix':
      return unless(
        (value) => (value as string).startsWith(textOf(rule)),
        `must begin with "${textOf(rule)}"`,
      );
    case 'suffix':
      return unless((value) => (value as string).endsWith(textOf(rule)), `must end with "${textOf(rule)}"`);
    case 'in': {
      const allowed = rule as readonly string[];
      return unless((value) => allowed.includes(value as string), `must be one of ${allowed.join(', ')}`);
    }
    case 'pattern': {
      const regex = compileRegex(textOf(rule));
      return unless((value) => regex.matchesFully(value as string), `must match ${textOf(rule)}`);
    }
    case 'well_known_regex':
      return compileHeaderRule(textOf(rule), isStrict);
    default:
      throw unknownRule('string', name);
  }
}

/** The classes that the rule stands for; without `strict` only what would break a header block is refused. */
const headerClasses: ReadonlyMap<string, readonly [RegExp, string]> = new Map([
  ['HTTP_HEADER_NAME', [/^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/, 'must be the name of a header']],
  ['HTTP_HEADER_VALUE', [/^[^\0-\x08\x0a-\x1f\x7f]*$/, 'must not contain control characters']],
]);

function compileHeaderRule(rule: string, isStrict: boolean): Check {
  const strict = headerClasses.get(rule);
  if (strict === undefined) throw unknownRule('string.well_known_regex', rule);
  const [pattern, message] = strict;
  if (isStrict) return unless((value) => pattern.test(value as string), message);
  return unless((value) => !/[\0\n\r]/.test(value as string), 'must not contain line ends or NUL');
}

function compileBytesRule(name: string, rule: RuleValue): Check {
  const count = Number(rule);
  switch (name) {
    case 'min_len':
      return unless((value) => (value as Uint8Array).length >= count, `must have at least ${count} bytes`);
    case 'max_len':
      return unless((value) => (value as Uint8Array).length <= count, `must have at most ${count} bytes`);
    default:
      throw unknownRule('bytes', name);
  }
}

function compileEnumRule(name: string, rule: RuleValue, type: EnumType): Check {
  switch (name) {
    case 'defined_only':
      // Every number without a name is refused anyway, in all enums: see validate.ts.
      return () => undefined;
    case 'not_in': {
      const refused = (rule as readonly number[]).map((number) => type.nameByNumber.get(number) ?? number);
      return unless(
        (value) => !refused.includes(value as string | number),
        `must not be ${refused.join(' or ')}`,
      );
    }
    default:
      throw unknownRule('enum', name);
  }
}

function compileDurationRule(name: string, rule: RuleValue): Check {
  // Of the table, in which a rule for durations has durations for its values.
  const { seconds = 0, nanos = 0 } = rule as unknown as Partial<SecondsAndNanos>;
  const bound = { seconds, nanos };
  const text = `${seconds + nanos / 1e9}s`;
  switch (name) {
    case 'gt':
      return unless((value) => compareDurations(value, bound) > 0, `must be longer than ${text}`);
    case 'gte':
      return unless((value) => compareDurations(value, bound) >= 0, `must be at least ${text}`);
    case 'lt':
      return unless((value) => compareDurations(value, bound) < 0, `must be shorter than ${text}`);
    case 'lte':
      return unless((value) => compareDurations(value, bound) <= 0, `must be at most ${text}`);
    default:
      throw unknownRule('duration', name);
  }
}

function compareDurations(value: unknown, bound: SecondsAndNanos): number {
  const { seconds, nanos } = value as SecondsAndNanos;
  return seconds - bound.seconds || nanos - bound.nanos;
}

function unless(isRight: (value: unknown) => boolean, message: string): Check {
  return (value) => (isRight(value) ? undefined : message);
}

function unlessEmpty(check: Check): Check {
  return (value) => (value === '' || value === 0 ? undefined : check(value));
}

function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** As a message shows it; strings are as they are. */
function textOf(rule: RuleValue): string {
  return typeof rule === 'string' ? rule : JSON.stringify(rule);
}

export function unknownRule(kind: string, name: string): Error {
  return new Error(`the API has a validation rule that this program does not know: ${kind}.${name}`);
}
