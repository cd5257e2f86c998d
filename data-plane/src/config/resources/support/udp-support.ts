import type { SupportTable } from './message-support.ts';

const udpProxy = 'envoy.extensions.filters.udp.udp_proxy.v3';
const onlySpeed = 'only affects how fast datagrams are sent or received';

/** Others than the UDP proxy may take other matchers. */
const ofProxy = '(of udp_proxy)';
const row = (name: string): string => `xds.type.matcher.v3.${name} ${ofProxy}`;
const extension = `xds.core.v3.TypedExtensionConfig ${ofProxy}`;

export const udpSupport: SupportTable = {
  'envoy.config.listener.v3.UdpListenerConfig': {
    supported: ['downstream_socket_config'],
    ignored: { udp_packet_packet_writer_config: onlySpeed },
  },
  'envoy.config.core.v3.UdpSocketConfig': {
    supported: ['max_rx_datagram_size', 'prefer_gro'],
  },
  [`${udpProxy}.UdpProxyConfig`]: {
    supported: [
      'stat_prefix',
      'cluster',
      'matcher',
      'idle_timeout',
      'use_original_src_ip',
      'upstream_socket_config',
      'use_per_packet_load_balancing',
      'access_log',
      'proxy_access_log',
    ],
    only: { use_original_src_ip: [false] },
    ignored: { hash_policies: 'only ring hash and Maglev read it, and those are refused' },
    rows: { matcher: row('Matcher') },
  },
  [row('Matcher')]: {
    supported: ['matcher_list', 'matcher_tree', 'on_no_match'],
    rows: {
      matcher_list: row('Matcher.MatcherList'),
      matcher_tree: row('Matcher.MatcherTree'),
      on_no_match: row('Matcher.OnMatch'),
    },
  },
  [row('Matcher.OnMatch')]: {
    supported: ['matcher', 'action', 'keep_matching'],
    only: { keep_matching: [false] },
    rows: { matcher: row('Matcher'), action: extension },
  },
  [row('Matcher.MatcherList')]: {
    supported: ['matchers'],
    rows: { matchers: row('Matcher.MatcherList.FieldMatcher') },
  },
  [row('Matcher.MatcherList.FieldMatcher')]: {
    supported: ['predicate', 'on_match'],
    rows: { predicate: row('Matcher.MatcherList.Predicate'), on_match: row('Matcher.OnMatch') },
  },
  [row('Matcher.MatcherList.Predicate')]: {
    supported: ['single_predicate', 'or_matcher', 'and_matcher', 'not_matcher'],
    rows: {
      single_predicate: row('Matcher.MatcherList.Predicate.SinglePredicate'),
      or_matcher: row('Matcher.MatcherList.Predicate.PredicateList'),
      and_matcher: row('Matcher.MatcherList.Predicate.PredicateList'),
      not_matcher: row('Matcher.MatcherList.Predicate'),
    },
  },
  [row('Matcher.MatcherList.Predicate.PredicateList')]: {
    supported: ['predicate'],
    rows: { predicate: row('Matcher.MatcherList.Predicate') },
  },
  [row('Matcher.MatcherList.Predicate.SinglePredicate')]: {
    supported: ['input', 'value_match'],
    rows: { input: extension, value_match: row('StringMatcher') },
  },
  [row('Matcher.MatcherTree')]: {
    supported: ['input', 'exact_match_map', 'prefix_match_map'],
    rows: {
      input: extension,
      exact_match_map: row('Matcher.MatcherTree.MatchMap'),
      prefix_match_map: row('Matcher.MatcherTree.MatchMap'),
    },
  },
  [row('Matcher.MatcherTree.MatchMap')]: { supported: ['map'], rows: { map: row('Matcher.OnMatch') } },
  [row('StringMatcher')]: {
    supported: ['exact', 'prefix', 'suffix', 'safe_regex', 'contains', 'ignore_case'],
    rows: { safe_regex: row('RegexMatcher') },
  },
  [row('RegexMatcher')]: {
    supported: ['google_re2', 'regex'],
    rows: { google_re2: row('RegexMatcher.GoogleRE2') },
  },
  [row('RegexMatcher.GoogleRE2')]: { supported: [] },
  [extension]: { supported: ['name', 'typed_config'] },
  [`${udpProxy}.Route`]: { supported: ['cluster'] },
};
