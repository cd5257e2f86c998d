import type { OperatorFactory, OperatorTable } from './format-operator.ts';

const fieldName = 'x-forwarded-client-cert';
const keys = ['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns'];

/**
 * `%XFCC_VALUE(KEY)%`: the first value of the key in `x-forwarded-client-cert`, of the element furthest left that has
 * it. A client's own field never gets here, so what is read is what a route has added.
 */
const certificateField: OperatorFactory = (argument) => {
  const key = (argument ?? '').toLowerCase();
  if (!keys.includes(key)) return `takes one of ${keys.join(', ')}`;
  return ({ requestHeaders }) => {
    const values = requestHeaders?.getAll(fieldName) ?? [];
    return values.length === 0 ? undefined : findValue(values.join(','), key);
  };
};

function findValue(field: string, key: string): string | undefined {
  for (const element of splitUnquoted(field, ',')) {
    for (const pair of splitUnquoted(element, ';')) {
      const equals = pair.indexOf('=');
      const name = equals < 0 ? pair : pair.slice(0, equals);
      if (trim(name).toLowerCase() === key) return equals < 0 ? '' : unquote(trim(pair.slice(equals + 1)));
    }
  }
  return undefined;
}

/** What stands between separators outside of quotes. A last part with an open quote is none. */
function* splitUnquoted(text: string, separator: string): Generator<string> {
  let [start, isQuoted, isEscaped] = [0, false, false];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"' && !isEscaped) isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      yield text.slice(start, at);
      start = at + 1;
    }
    isEscaped = character === '\\' && !isEscaped;
  }
  if (!isQuoted) yield text.slice(start);
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

function unquote(value: string): string {
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return (isQuoted ? value.slice(1, -1) : value).replace(/\\(["\\])/g, '$1');
}

export const certificateFieldOperators: OperatorTable = { XFCC_VALUE: certificateField };
/** Their values are never cut, whatever length a format names. */
export const uncutOperators: readonly string[] = Object.keys(certificateFieldOperators);
