import type { QueryParameterMatcher } from '../config/model/matcher.ts';
import { CompiledStringMatcher } from './string-matcher.ts';
import { toLatin1Text } from './latin1.ts';

/** A `QueryParameterMatcher` ready to run. Nothing is percent-decoded; the first of two values counts. */
export class CompiledQueryMatcher {
  readonly #name: string;
  readonly #test: QueryParameterMatcher['test'];
  readonly #string: CompiledStringMatcher | undefined;

  constructor(matcher: QueryParameterMatcher) {
    this.#name = toLatin1Text(matcher.name);
    this.#test = matcher.test;
    this.#string =
      matcher.test.kind === 'string' ? new CompiledStringMatcher(matcher.test.matcher) : undefined;
  }

  /** `path` with its query. */
  matches(path: string): boolean {
    const value = findQueryParameter(path, this.#name);
    if (this.#test.kind === 'present') return (value !== undefined) === this.#test.isPresent;
    return value !== undefined && this.#string?.matches(value) === true;
  }
}

/** First value of a query parameter, as it was sent; `p` and `p=` are empty. Only `&` separates. */
export function findQueryParameter(path: string, name: string): string | undefined {
  let start = path.indexOf('?') + 1;
  if (start === 0) return undefined;
  for (;;) {
    const separator = path.indexOf('&', start);
    const end = separator < 0 ? path.length : separator;
    if (path.startsWith(name, start)) {
      const valueAt = start + name.length;
      if (valueAt === end) return '';
      if (path[valueAt] === '=' && valueAt < end) return path.slice(valueAt + 1, end);
    }
    if (separator < 0) return undefined;
    start = separator + 1;
  }
}

/** As `findQueryParameter`, with percent-encoding taken off names and values: for logs, not for matching. */
export function findDecodedParameter(path: string, name: string): string | undefined {
  const query = path.split('?', 2)[1];
  for (const parameter of query?.split('&') ?? []) {
    const equals = parameter.indexOf('=');
    const end = equals < 0 ? parameter.length : equals;
    if (decodePercent(parameter.slice(0, end)) === name) return decodePercent(parameter.slice(end + 1));
  }
  return undefined;
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
