import type { ListenerFilterChainMatchPredicate } from '@heddle/shared/xds/api';
import type { ListenerFilterPredicate } from '../../model/listener-filters.ts';
import type { DecodeContext } from '../decode-context.ts';

/** `filter_disabled` of a listener filter. */
export function decodeFilterDisabled(
  context: DecodeContext,
  message: ListenerFilterChainMatchPredicate,
  path: string,
): ListenerFilterPredicate {
  const { orMatch, andMatch, notMatch, anyMatch, destinationPortRange } = message;
  if (notMatch !== undefined) {
    return { kind: 'not', rule: decodeFilterDisabled(context, notMatch, `${path}.not_match`) };
  }
  const kind = andMatch === undefined ? 'or' : 'and';
  const set = andMatch ?? orMatch;
  if (set !== undefined) {
    const rules = set.rules.map((rule, i) =>
      decodeFilterDisabled(context, rule, `${path}.${kind}_match.rules[${i}]`),
    );
    return { kind, rules };
  }
  if (destinationPortRange !== undefined) {
    const { start, end } = destinationPortRange;
    return { kind: 'destination-port', start, end };
  }
  // The API refuses a message without a rule, and an `any_match` that is false.
  if (anyMatch !== true) context.refuse(path, 'has no rule');
  return { kind: 'any' };
}
