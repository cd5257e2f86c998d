import { compileRegex, compileRegexReplacement } from '@heddle/shared/lang/regex';
import type {
  HeaderMatcher as HeaderMatcherMessage,
  QueryParameterMatcher as QueryParameterMatcherMessage,
  RegexMatchAndSubstitute,
  RegexMatcher,
  StringMatcher as StringMatcherMessage,
} from '@heddle/shared/xds/api';
import type { HeaderMatcher, QueryParameterMatcher, StringMatcher } from '../model/matcher.ts';
import type { RegexRewrite } from '../model/route.ts';
import type { DecodeContext } from './decode-context.ts';

const matchesAll: StringMatcher = { kind: 'prefix', value: '', ignoreCase: false };

export function decodeRegex(context: DecodeContext, message: RegexMatcher, path: string): string {
  context.attempt(`${path}.regex`, () => compileRegex(message.regex));
  return message.regex;
}

export function decodeRegexRewrite(
  context: DecodeContext,
  message: RegexMatchAndSubstitute,
  path: string,
): RegexRewrite {
  const regex = message.pattern?.regex ?? '';
  context.attempt(`${path}.pattern.regex`, () => compileRegexReplacement(regex, message.substitution));
  return { regex, substitution: message.substitution };
}

export function decodeStringMatcher(
  context: DecodeContext,
  message: StringMatcherMessage,
  path: string,
): StringMatcher {
  const { ignoreCase } = message;
  for (const kind of ['exact', 'prefix', 'suffix', 'contains'] as const) {
    const value = message[kind];
    if (value === undefined) continue;
    if (value === '' && kind !== 'exact') context.refuse(`${path}.${kind}`, 'must not be empty');
    return { kind, value, ignoreCase };
  }
  if (message.safeRegex === undefined) return matchesAll;
  if (ignoreCase) {
    context.refuse(`${path}.ignore_case`, 'has no effect on a regular expression: write (?i) in it');
  }
  return { kind: 'regex', regex: decodeRegex(context, message.safeRegex, `${path}.safe_regex`) };
}

export function decodeHeaderMatcher(
  context: DecodeContext,
  message: HeaderMatcherMessage,
  path: string,
): HeaderMatcher {
  return {
    name: message.name.toLowerCase(),
    test: headerTest(context, message, path),
    invertMatch: message.invertMatch,
    treatMissingAsEmpty: message.treatMissingHeaderAsEmpty,
  };
}

function headerTest(
  context: DecodeContext,
  message: HeaderMatcherMessage,
  path: string,
): HeaderMatcher['test'] {
  if (message.stringMatch !== undefined) {
    return {
      kind: 'string',
      matcher: decodeStringMatcher(context, message.stringMatch, `${path}.string_match`),
    };
  }
  if (message.rangeMatch !== undefined) return { kind: 'range', ...message.rangeMatch };
  if (message.presentMatch !== undefined) return { kind: 'present', isPresent: message.presentMatch };
  // The deprecated forms. An empty exact_match is met by every header that is present.
  if (message.exactMatch !== undefined && message.exactMatch !== '') {
    return { kind: 'string', matcher: { kind: 'exact', value: message.exactMatch, ignoreCase: false } };
  }
  if (message.safeRegexMatch !== undefined) {
    const regex = decodeRegex(context, message.safeRegexMatch, `${path}.safe_regex_match`);
    return { kind: 'string', matcher: { kind: 'regex', regex } };
  }
  for (const kind of ['prefix', 'suffix', 'contains'] as const) {
    const value = message[`${kind}Match`];
    if (value !== undefined) return { kind: 'string', matcher: { kind, value, ignoreCase: false } };
  }
  return { kind: 'present', isPresent: true };
}

export function decodeQueryParameterMatcher(
  context: DecodeContext,
  message: QueryParameterMatcherMessage,
  path: string,
): QueryParameterMatcher {
  const { name, stringMatch } = message;
  if (stringMatch === undefined)
    return { name, test: { kind: 'present', isPresent: message.presentMatch ?? true } };
  const matcher = decodeStringMatcher(context, stringMatch, `${path}.string_match`);
  return { name, test: { kind: 'string', matcher } };
}
