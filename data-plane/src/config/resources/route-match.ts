import type { RouteMatch as RouteMatchMessage } from '@heddle/shared/xds/api';
import type { RouteMatch } from '../model/route.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeHeaderMatcher, decodeQueryParameterMatcher, decodeRegex } from './matchers.ts';
import { decodeRuntimeFraction, defined } from './scalars.ts';

export function decodeRouteMatch(
  context: DecodeContext,
  message: RouteMatchMessage,
  path: string,
): RouteMatch {
  const { runtimeFraction } = message;
  return {
    path: decodePath(context, message, path),
    headers: message.headers.map((header, i) =>
      decodeHeaderMatcher(context, header, `${path}.headers[${i}]`),
    ),
    queryParameters: message.queryParameters.map((parameter, i) =>
      decodeQueryParameterMatcher(context, parameter, `${path}.query_parameters[${i}]`),
    ),
    ...defined<Pick<RouteMatch, 'runtimeFraction'>>({
      runtimeFraction:
        runtimeFraction === undefined
          ? undefined
          : decodeRuntimeFraction(runtimeFraction, context.options.runtime),
    }),
    isGrpcOnly: message.grpc !== undefined,
  };
}

function decodePath(context: DecodeContext, message: RouteMatchMessage, path: string): RouteMatch['path'] {
  const caseSensitive = message.caseSensitive ?? true;
  if (message.path !== undefined) return { kind: 'exact', value: message.path, caseSensitive };
  if (message.safeRegex !== undefined) {
    return { kind: 'regex', regex: decodeRegex(context, message.safeRegex, `${path}.safe_regex`) };
  }
  if (message.connectMatcher !== undefined) return { kind: 'connect' };
  const value = message.pathSeparatedPrefix;
  if (value === undefined) return { kind: 'prefix', value: message.prefix ?? '', caseSensitive };
  return { kind: 'path-separated-prefix', value, caseSensitive };
}
