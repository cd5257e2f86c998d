import type { Problem } from '../errors/problem.ts';
import { decodeMessage } from './decode-message.ts';
import type { Rules } from './api-table.ts';
import type { FieldType, MessageType, TypeRegistry } from './message-type.ts';
import { toTypeName } from './type-urls.ts';
import { readTypedStruct, typedStructNames, type TypedStructValue } from './typed-struct.ts';
import { compileChecks, unknownRule, type Check } from './validate-rules.ts';
import { WireError, maxDepth } from './wire-reader.ts';

/**
 * Checks decoded messages against the rules that the API declares (`validate.rules`), and further refuses what
 * Envoy refuses by default: fields and enum values that are disallowed, numbers that an enum has no name for, durations
 * below zero.
 */
export interface Validator {
  /**
   * Every problem of the whole tree, in the order of the fields' numbers, with paths in the API's spelling
   * (`filter_chains[0].filters[1].typed_config.stat_prefix`). Payloads of Any are checked as well if their type is
   * in the API; whether an unknown type is a mistake is for the reader of the field to say. What is set though it is
   * deprecated is added to `deprecated`.
   */
  validate(type: MessageType, message: unknown, deprecated?: Problem[]): Problem[];
}

export function createValidator(types: TypeRegistry): Validator {
  const plans = new Map<MessageType, MessagePlan>();
  const planOf = (type: MessageType): MessagePlan => {
    let plan = plans.get(type);
    if (plan === undefined) plans.set(type, (plan = planMessage(type)));
    return plan;
  };
  return {
    validate(type, message, deprecated) {
      const walk: Walk = { types, planOf, problems: [], deprecated };
      checkMessage(walk, type, message, '', 0);
      return walk.problems;
    },
  };
}

interface Walk {
  readonly types: TypeRegistry;
  readonly planOf: (type: MessageType) => MessagePlan;
  readonly problems: Problem[];
  readonly deprecated: Problem[] | undefined;
}

/** What to check of a message, worked out once for each type. */
interface MessagePlan {
  readonly fields: readonly FieldPlan[];
  readonly requiredOneofs: readonly { readonly keys: readonly string[]; readonly message: string }[];
}

interface FieldPlan {
  readonly field: FieldType;
  readonly isRequired: boolean;
  readonly isDuration: boolean;
  readonly shouldDescend: boolean;
  /** Of the list or the map as a whole. */
  readonly wholeChecks: readonly Check[];
  readonly keyChecks: readonly Check[];
  /** Of a value, of each element, of each entry's value. */
  readonly valueChecks: readonly Check[];
}

function planMessage(type: MessageType): MessagePlan {
  if (type.isValidationDisabled) return { fields: [], requiredOneofs: [] };
  return {
    fields: type.fields.map(planField),
    requiredOneofs: type.oneofs
      .filter(({ isRequired }) => isRequired)
      .map(({ name }) => {
        const members = type.fields.filter((field) => field.oneof === name);
        const names = members.map((field) => field.name).join(', ');
        return { keys: members.map((field) => field.key), message: `one of ${names} must be set (${name})` };
      }),
  };
}

function planField(field: FieldType): FieldPlan {
  const rules = field.rules ?? {};
  const { repeated, map, ...ofValue } = rules as Record<string, Rules>;
  const items = (repeated?.['items'] ?? map?.['values'] ?? {}) as Record<string, Rules>;
  const keys = (map?.['keys'] ?? {}) as Record<string, Rules>;
  const valueRules = field.cardinality === 'singular' ? ofValue : items;
  return {
    field,
    isDuration: field.typeName === 'google.protobuf.Duration',
    isRequired: ['message', 'duration', 'any'].some((kind) => ofValue[kind]?.['required'] === true),
    shouldDescend:
      field.isMessage && valueRules['message']?.['skip'] !== true && ofValue['message']?.['skip'] !== true,
    wholeChecks: [...compileCounts('repeated', repeated), ...compileCounts('map', map)],
    keyChecks: Object.entries(keys).flatMap(([kind, rule]) => compileChecks(kind, rule, field)),
    valueChecks: Object.entries(valueRules).flatMap(([kind, rule]) => compileChecks(kind, rule, field)),
  };
}

function compileCounts(kind: string, rules: Rules = {}): Check[] {
  return Object.entries(rules).flatMap(([name, rule]): Check[] => {
    const count = Number(rule);
    switch (`${kind}.${name}`) {
      case 'repeated.min_items':
      case 'map.min_pairs':
        return [(value) => (countOf(value) < count ? `must have at least ${count} entries` : undefined)];
      case 'repeated.max_items':
        return [(value) => (countOf(value) > count ? `must have at most ${count} entries` : undefined)];
      case 'repeated.unique':
        return [
          (value) => (new Set(value as unknown[]).size < countOf(value) ? 'has an entry twice' : undefined),
        ];
      case 'repeated.items':
      case 'map.keys':
      case 'map.values':
        return [];
      default:
        throw unknownRule(kind, name);
    }
  });
}

function countOf(value: unknown): number {
  return Array.isArray(value) ? value.length : Object.keys(value as object).length;
}

function checkMessage(walk: Walk, type: MessageType, message: unknown, path: string, depth: number): void {
  if (depth > maxDepth) {
    walk.problems.push({ path, message: 'messages are nested too deeply' });
    return;
  }
  if (type.fullName === 'google.protobuf.Any') return checkAny(walk, message as AnyValue, path, depth);
  // JSON has no rules, and wrappers have those of the field that holds them.
  if (type.wellKnownShape !== undefined) return;
  const fields = message as Record<string, unknown>;
  const plan = walk.planOf(type);
  for (const fieldPlan of plan.fields) checkField(walk, fieldPlan, fields[fieldPlan.field.key], path, depth);
  for (const oneof of plan.requiredOneofs) {
    if (oneof.keys.every((key) => fields[key] === undefined))
      walk.problems.push({ path, message: oneof.message });
  }
  if (typedStructNames.has(type.fullName)) checkTypedStruct(walk, message as TypedStructValue, path, depth);
}

function checkField(walk: Walk, plan: FieldPlan, value: unknown, parentPath: string, depth: number): void {
  const { field } = plan;
  const path = parentPath === '' ? field.name : `${parentPath}.${field.name}`;
  if (value === undefined) {
    if (plan.isRequired && field.oneof === undefined) walk.problems.push({ path, message: 'is missing' });
    return;
  }
  if (field.isDisallowed && !isUnset(field, value)) {
    walk.problems.push({ path, message: 'is deprecated, and refused by default' });
  } else if (field.isDeprecated && walk.deprecated !== undefined && !isUnset(field, value)) {
    walk.deprecated.push({ path, message: deprecatedText });
  }
  report(walk, plan.wholeChecks, value, path);
  if (field.cardinality === 'singular') {
    checkValue(walk, plan, value, path, depth);
  } else if (field.cardinality === 'repeated') {
    const list = value as readonly unknown[];
    for (let i = 0; i < list.length; i++) checkValue(walk, plan, list[i], `${path}[${i}]`, depth);
  } else {
    for (const [key, entry] of Object.entries(value as object)) {
      const entryPath = `${path}[${JSON.stringify(key)}]`;
      report(walk, plan.keyChecks, key, entryPath);
      checkValue(walk, plan, entry, entryPath, depth);
    }
  }
}

function checkValue(walk: Walk, plan: FieldPlan, value: unknown, path: string, depth: number): void {
  const { field } = plan;
  const problemCount = walk.problems.length;
  report(walk, plan.valueChecks, value, path);
  // Envoy has no rule for it and refuses it where it reads one: nothing has a meaning for it.
  if (plan.isDuration && isNegative(value) && walk.problems.length === problemCount) {
    walk.problems.push({ path, message: 'must not be negative' });
  }
  if (plan.shouldDescend) return checkMessage(walk, field.messageType, value, path, depth + 1);
  if (field.isMessage || field.scalar !== undefined) return;
  if (typeof value === 'number') {
    walk.problems.push({ path, message: `${value} is not a value of ${field.enumType.fullName}` });
  } else if (field.enumType.disallowedNames.includes(value as string) && !isUnset(field, value)) {
    walk.problems.push({ path, message: `${String(value)} is deprecated, and refused by default` });
  } else if (field.enumType.deprecatedNames.includes(value as string) && !isUnset(field, value)) {
    walk.deprecated?.push({ path, message: `${String(value)} ${deprecatedText}` });
  }
}

const deprecatedText = 'is deprecated: a later version of the API may lack it';

function isNegative(duration: unknown): boolean {
  const { seconds, nanos } = duration as { readonly seconds: number; readonly nanos: number };
  return seconds < 0 || nanos < 0;
}

type AnyValue = { readonly typeUrl: string; readonly value: Uint8Array };

function checkAny(walk: Walk, any: AnyValue, path: string, depth: number): void {
  const type = walk.types.findMessage(toTypeName(any.typeUrl));
  if (type === undefined) return;
  let message: unknown;
  try {
    message = decodeMessage(type, any.value);
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
    const innerPath = thrown.path === '' ? path : `${path}.${thrown.path}`;
    walk.problems.push({ path: innerPath, message: `not a ${type.fullName}: ${thrown.message}` });
    return;
  }
  checkMessage(walk, type, message, path, depth + 1);
}

function checkTypedStruct(walk: Walk, typedStruct: TypedStructValue, path: string, depth: number): void {
  const read = readTypedStruct(walk.types, typedStruct);
  if (read === undefined) return;
  for (const problem of read.problems) {
    walk.problems.push({ path: `${path}.value.${problem.path}`, message: problem.message });
  }
  if (read.problems.length === 0) checkMessage(walk, read.type, read.message, `${path}.value`, depth + 1);
}

function report(walk: Walk, checks: readonly Check[], value: unknown, path: string): void {
  for (const check of checks) {
    const message = check(value);
    if (message !== undefined) walk.problems.push({ path, message });
  }
}

function isUnset(field: FieldType, value: unknown): boolean {
  if (field.hasPresence) return false;
  if (field.cardinality !== 'singular') return countOf(value) === 0;
  if (field.scalar === undefined) return value === field.enumType.defaultName;
  return (
    value === '' || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0)
  );
}
