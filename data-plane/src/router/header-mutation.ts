import type { HeaderMap } from '../codec/header-map.ts';
import type { HeaderAddition, HeaderMutation } from '../config/model/header-mutation.ts';
import { compileFormat, type CompiledFormat } from '../downstream/http/access-log/compile-format.ts';
import type { FormatContext } from '../downstream/http/access-log/format-operator.ts';
import { toFieldValue, toLatin1Text } from '../lang/latin1.ts';

interface CompiledAddition {
  readonly name: string;
  readonly format: CompiledFormat;
  readonly action: HeaderAddition['action'];
  readonly keepEmptyValue: boolean;
}

/** Changes of one level (route, virtual host, …) in one direction. */
export interface HeaderChanges {
  readonly removals: readonly string[];
  readonly additions: readonly CompiledAddition[];
}

/** Names of which a message has one field: another value is joined to the first with a comma. */
const singleFieldNames: ReadonlySet<string> = new Set([
  ...['accept', 'accept-encoding', 'access-control-allow-origin', 'access-control-request-headers'],
  ...[
    'access-control-request-method',
    'authorization',
    'cache-control',
    'content-encoding',
    'content-length',
  ],
  ...['content-type', 'date', 'etag', 'expect', 'grpc-message', 'grpc-status', 'grpc-timeout', 'if-match'],
  ...['if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'location'],
  ...['origin', 'pragma', 'referer', 'server', 'te', 'user-agent', 'vary', 'via', 'x-forwarded-for'],
  ...[
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-request-id',
    'x-envoy-original-path',
    'x-envoy-attempt-count',
  ],
]);

/** Undefined when there is nothing to do at this level. */
export function compileRequestChanges(mutation: HeaderMutation): HeaderChanges | undefined {
  return compileChanges(mutation.requestRemove, mutation.requestAdd);
}

/** Undefined when there is nothing to do at this level. */
export function compileResponseChanges(mutation: HeaderMutation): HeaderChanges | undefined {
  return compileChanges(mutation.responseRemove, mutation.responseAdd);
}

function compileChanges(
  removals: readonly string[],
  additions: readonly HeaderAddition[],
): HeaderChanges | undefined {
  if (removals.length === 0 && additions.length === 0) return undefined;
  return {
    removals,
    additions: additions.map(({ name, value, action, keepEmptyValue }) => ({
      name,
      format: compileFormat(toLatin1Text(value)),
      action,
      keepEmptyValue,
    })),
  };
}

/**
 * Applies the levels in their order. Within a level, as a real Envoy does it: removals; then each addition is decided
 * and formatted against the headers as they are now; then all overwrites; then all appends.
 */
export function applyHeaderChanges(
  levels: readonly HeaderChanges[],
  headers: HeaderMap,
  context: FormatContext,
): void {
  for (const level of levels) applyLevel(level, headers, context);
}

function applyLevel(
  { removals, additions }: HeaderChanges,
  headers: HeaderMap,
  context: FormatContext,
): void {
  for (const name of removals) headers.remove(name);
  if (additions.length === 0) return;
  const overwrites: string[] = [];
  const appends: string[] = [];
  for (const { name, format, action, keepEmptyValue } of additions) {
    const value = toFieldValue(format.format(context, ''));
    if (value === '' && !keepEmptyValue) continue;
    switch (action) {
      case 'append':
        appends.push(name, value);
        break;
      case 'add-if-absent':
        if (!headers.has(name)) appends.push(name, value);
        break;
      case 'overwrite-or-add':
        overwrites.push(name, value);
        break;
      case 'overwrite-if-exists':
        if (headers.has(name)) overwrites.push(name, value);
        break;
    }
  }
  for (let at = 0; at < overwrites.length; at += 2)
    headers.set(overwrites[at] ?? '', overwrites[at + 1] ?? '');
  for (let at = 0; at < appends.length; at += 2)
    appendField(headers, appends[at] ?? '', appends[at + 1] ?? '');
}

/** Adds a value: a further field, or joined with a comma for names that have one field. */
export function appendField(headers: HeaderMap, name: string, value: string): void {
  const present = singleFieldNames.has(name) ? headers.get(name) : undefined;
  if (present === undefined || present === '') headers.add(name, value);
  else headers.set(name, `${present},${value}`);
}
