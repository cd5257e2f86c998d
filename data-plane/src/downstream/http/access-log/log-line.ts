import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { AccessLog, AccessLogFormat, JsonFormat } from '../../../config/model/access-log.ts';
import { fromLatin1Text, toLatin1Text } from '../../../lang/latin1.ts';
import { compileFormat, type CompiledFormat } from './compile-format.ts';
import { StructuredValue, type FormatContext } from './format-operator.ts';

/** Envoy's default line. */
export const defaultLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Writes one line, line feed included. */
export type LogLine = (context: FormatContext) => string;

/**
 * Compiles the format of an access log. An empty text format is the default one.
 *
 * @throws InvalidInputError with every problem; the path is the key of a JSON format
 */
export function compileLogLine(
  format: AccessLogFormat,
  omitEmptyValues: AccessLog['omitEmptyValues'],
): LogLine {
  if (format.kind === 'text') {
    const compiled = compileFormat(toLatin1Text(format.format || defaultLogFormat));
    const missing = omitEmptyValues ? '' : '-';
    return (context) => fromLatin1Text(compiled.format(context, missing));
  }
  const problems: Problem[] = [];
  const root = compileObject(format.format, '', problems);
  if (problems.length > 0) throw new InvalidInputError(problems);
  return (context) => `${JSON.stringify(formatObject(root, context, omitEmptyValues) ?? {})}\n`;
}

type CompiledJson = readonly (readonly [key: string, value: CompiledJsonValue])[];
type CompiledJsonValue =
  | { readonly kind: 'format'; readonly format: CompiledFormat }
  | { readonly kind: 'literal'; readonly value: number | boolean }
  | { readonly kind: 'object'; readonly object: CompiledJson };

function compileObject(format: JsonFormat, path: string, problems: Problem[]): CompiledJson {
  // Sorted, as Envoy writes them.
  const keys = Object.keys(format).sort();
  return keys.flatMap((key): [string, CompiledJsonValue][] => {
    const value = format[key];
    const keyPath = path === '' ? key : `${path}.${key}`;
    if (value === undefined) return [];
    if (typeof value === 'object')
      return [[key, { kind: 'object', object: compileObject(value, keyPath, problems) }]];
    if (typeof value !== 'string') return [[key, { kind: 'literal', value }]];
    try {
      return [[key, { kind: 'format', format: compileFormat(toLatin1Text(value)) }]];
    } catch (err) {
      if (!(err instanceof InvalidInputError)) throw err;
      problems.push(...err.problems.map(({ message }) => ({ path: keyPath, message })));
      return [];
    }
  });
}

/** Undefined: nothing is left of it once empty values are omitted. */
function formatObject(
  object: CompiledJson,
  context: FormatContext,
  omitEmptyValues: boolean,
): Record<string, unknown> | undefined {
  const result: Record<string, unknown> = {};
  for (const [key, value] of object) {
    const formatted = formatValue(value, context, omitEmptyValues);
    if (formatted !== undefined) result[key] = formatted;
    else if (!omitEmptyValues) result[key] = null;
  }
  return omitEmptyValues && Object.keys(result).length === 0 ? undefined : result;
}

function formatValue(value: CompiledJsonValue, context: FormatContext, omitEmptyValues: boolean): unknown {
  switch (value.kind) {
    case 'literal':
      return value.value;
    case 'object':
      return formatObject(value.object, context, omitEmptyValues);
    case 'format': {
      const formatted = value.format.formatTyped(context, omitEmptyValues ? '' : '-');
      if (formatted instanceof StructuredValue) return formatted.json;
      return typeof formatted === 'string' ? fromLatin1Text(formatted) : formatted;
    }
  }
}
