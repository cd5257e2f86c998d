import type {
  CoreTypedExtensionConfig,
  Matcher,
  Matcher_MatcherList_Predicate,
  Matcher_MatcherTree,
  Matcher_OnMatch,
} from '@heddle/shared/xds/api';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { UdpInput, UdpPredicate, UdpRoute } from '../model/udp-route.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeStringMatcher } from './matchers.ts';
import { defined } from './scalars.ts';

const routeType = 'envoy.extensions.filters.udp.udp_proxy.v3.Route';
const inputs = 'envoy.extensions.matching.common_inputs.network.v3';
const inputOfType: ReadonlyMap<string, UdpInput> = new Map([
  [`${inputs}.SourceIPInput`, 'source-ip'],
  [`${inputs}.SourcePortInput`, 'source-port'],
  [`${inputs}.DestinationIPInput`, 'destination-ip'],
  [`${inputs}.DestinationPortInput`, 'destination-port'],
]);

const nowhere: UdpRoute = { kind: 'list', entries: [] };

/** Of the UDP proxy. What is refused leads nowhere: the listener is dropped. */
export function decodeUdpRoute(context: DecodeContext, message: Matcher, path: string): UdpRoute {
  const { matcherList, matcherTree, onNoMatch } = message;
  const otherwise = defined<{ readonly otherwise: UdpRoute }>({
    otherwise: onNoMatch === undefined ? undefined : decodeOnMatch(context, onNoMatch, `${path}.on_no_match`),
  });
  if (matcherTree !== undefined) {
    return { ...decodeTree(context, matcherTree, `${path}.matcher_tree`), ...otherwise };
  }
  if (matcherList === undefined && onNoMatch === undefined) {
    context.refuse(path, 'leads nowhere: it needs matcher_list, matcher_tree or on_no_match');
  }
  const entries = (matcherList?.matchers ?? []).map(({ predicate, onMatch }, i) => {
    const entryPath = `${path}.matcher_list.matchers[${i}]`;
    return {
      predicate: decodePredicate(context, predicate, `${entryPath}.predicate`),
      route: decodeOnMatch(context, onMatch, `${entryPath}.on_match`),
    };
  });
  return { kind: 'list', entries, ...otherwise };
}

function decodeOnMatch(context: DecodeContext, message: Matcher_OnMatch | undefined, path: string): UdpRoute {
  if (message?.matcher !== undefined) return decodeUdpRoute(context, message.matcher, `${path}.matcher`);
  const action = message?.action;
  if (action === undefined) return nowhere; // The API's rules refused it.
  const { typedConfig, name } = action;
  const configPath = `${path}.action.typed_config`;
  if (typedConfig === undefined || toTypeName(typedConfig.typeUrl) !== routeType) {
    context.refuseType(typedConfig, name, configPath, [routeType]);
    return nowhere;
  }
  return { kind: 'cluster', name: context.unpack(routeType, typedConfig, configPath)?.cluster ?? '' };
}

function decodeTree(
  context: DecodeContext,
  { input, exactMatchMap, prefixMatchMap }: Matcher_MatcherTree,
  path: string,
): Extract<UdpRoute, { readonly kind: 'map' }> {
  const field = prefixMatchMap === undefined ? 'exact_match_map' : 'prefix_match_map';
  const entries = Object.entries((prefixMatchMap ?? exactMatchMap)?.map ?? {});
  return {
    kind: 'map',
    input: decodeInput(context, input, `${path}.input`),
    isPrefix: prefixMatchMap !== undefined,
    routes: Object.fromEntries(
      entries.map(([key, onMatch]) => [
        key,
        decodeOnMatch(context, onMatch, `${path}.${field}.map[${JSON.stringify(key)}]`),
      ]),
    ),
  };
}

function decodePredicate(
  context: DecodeContext,
  message: Matcher_MatcherList_Predicate | undefined,
  path: string,
): UdpPredicate {
  const { singlePredicate, orMatcher, andMatcher, notMatcher } = message ?? {};
  if (notMatcher !== undefined) {
    return { kind: 'not', predicate: decodePredicate(context, notMatcher, `${path}.not_matcher`) };
  }
  if (singlePredicate?.valueMatch !== undefined) {
    const { input, valueMatch } = singlePredicate;
    const singlePath = `${path}.single_predicate`;
    return {
      kind: 'value',
      input: decodeInput(context, input, `${singlePath}.input`),
      matcher: decodeStringMatcher(context, valueMatch, `${singlePath}.value_match`),
    };
  }
  const [kind, list] =
    andMatcher === undefined ? (['or', orMatcher] as const) : (['and', andMatcher] as const);
  const predicates = (list?.predicate ?? []).map((predicate, i) =>
    decodePredicate(context, predicate, `${path}.${kind}_matcher.predicate[${i}]`),
  );
  return { kind, predicates };
}

function decodeInput(
  context: DecodeContext,
  message: CoreTypedExtensionConfig | undefined,
  path: string,
): UdpInput {
  const input = inputOfType.get(toTypeName(message?.typedConfig?.typeUrl ?? ''));
  if (input === undefined) {
    context.refuseType(message?.typedConfig, message?.name ?? '', `${path}.typed_config`, [
      ...inputOfType.keys(),
    ]);
  }
  return input ?? 'source-ip';
}
