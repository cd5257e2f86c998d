import { isUtf8 } from 'node:buffer';
import type { ProxyProtocol as ProxyProtocolConfig } from '../../../config/model/listener-filters.ts';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { Counter, StatsScope } from '../../../stats/stats.ts';
import { directRemoteAddressOf, type ConnectionOrigin } from '../../../transport/connection-origin.ts';
import {
  possibleVersions,
  signatures,
  type ProxyHeader,
  type ProxyTlv,
} from '../../../transport/proxy-protocol/proxy-header.ts';
import { readProxyHeader } from '../../../transport/proxy-protocol/read-proxy-header.ts';
import type { AcceptedConnection, ListenerFilter, ListenerFilterStatus } from './listener-filter.ts';

export const proxyProtocolErrorStats = describeStats([''], (make) => ({
  error: make.counter(
    'downstream_cx_proxy_proto_error',
    'Connections that were closed since their PROXY header was missing, broken or of a version that is not allowed.',
  ),
}));

export const proxyProtocolStats = describeStats(['proxy_proto.', 'proxy_proto.<stat_prefix>.'], (make) => ({
  notFoundAllowed: make.counter('not_found_allowed', 'Connections without a PROXY header that need none.'),
  notFoundDisallowed: make.counter(
    'not_found_disallowed',
    'Connections that were closed for want of a PROXY header.',
  ),
}));

export const proxyProtocolVersionStats = describeStats(
  ['proxy_proto.', 'proxy_proto.<stat_prefix>.'].flatMap((prefix) => [
    `${prefix}versions.v1.`,
    `${prefix}versions.v2.`,
  ]),
  (make) => ({
    found: make.counter('found', 'PROXY headers of this version that were read.'),
    disallowed: make.counter(
      'disallowed',
      'Connections that were closed since their PROXY header is of this version, which is not allowed.',
    ),
    error: make.counter(
      'error',
      'Connections that were closed since their PROXY header of this version is broken.',
    ),
  }),
);

/** `proxy_proto.`, or `proxy_proto.<stat_prefix>.` */
export function proxyProtocolScopeOf({ statPrefix }: ProxyProtocolConfig): string {
  return statPrefix === '' ? 'proxy_proto.' : `proxy_proto.${statPrefix}.`;
}

/** Of the object that holds what rules keep in filter state. */
const filterStateName = 'envoy.network.proxy_protocol.tlv';
const bothVersions = [1, 2] as const;

/** Takes the PROXY header off a connection, which then is from and to whom the header says. */
export class ProxyProtocol implements ListenerFilter {
  readonly #config: ProxyProtocolConfig;
  readonly #error: Counter;
  readonly #stats: StatsOf<typeof proxyProtocolStats>;
  readonly #versionStats: Readonly<Record<1 | 2, StatsOf<typeof proxyProtocolVersionStats>>>;
  readonly #passed: ReadonlySet<number> | 'all';

  /** `scope`: the root. */
  constructor(config: ProxyProtocolConfig, scope: StatsScope) {
    this.#config = config;
    this.#error = proxyProtocolErrorStats.create(scope).error;
    const own = scope.scope(proxyProtocolScopeOf(config));
    this.#stats = proxyProtocolStats.create(own);
    this.#versionStats = {
      1: proxyProtocolVersionStats.create(own.scope('versions.v1.')),
      2: proxyProtocolVersionStats.create(own.scope('versions.v2.')),
    };
    this.#passed = config.passThroughTlvs === 'all' ? 'all' : new Set(config.passThroughTlvs);
  }

  inspect(accepted: AcceptedConnection): ListenerFilterStatus {
    const { allowsWithoutHeader, allowedVersions } = this.#config;
    const { bytes } = accepted;
    const versions = possibleVersions(bytes);
    // Where a header is not needed, one of a version that is not allowed is no header.
    const expected = allowsWithoutHeader ? allowedVersions : bothVersions;
    const possible = versions.filter((version) => expected.includes(version));
    const [version] = possible;
    if (version === undefined) {
      if (allowsWithoutHeader) {
        this.#stats.notFoundAllowed.inc();
        return 'continue';
      }
      this.#stats.notFoundDisallowed.inc();
      return this.#refuse();
    }
    // The signatures differ from the first byte on.
    if (bytes.length < signatures[version].length) return 'wait';
    if (!allowedVersions.includes(version)) {
      this.#versionStats[version].disallowed.inc();
      return this.#refuse();
    }
    const reading = readProxyHeader(version, bytes);
    if (reading.kind === 'incomplete') return 'wait';
    if (reading.kind === 'broken') {
      this.#versionStats[version].error.inc();
      return this.#refuse();
    }
    this.#versionStats[version].found.inc();
    this.#take(reading.header, accepted);
    return 'continue';
  }

  #refuse(): 'close' {
    this.#error.inc();
    return 'close';
  }

  #take({ addresses, tlvs, byteCount }: ProxyHeader, accepted: AcceptedConnection): void {
    const { connection } = accepted;
    const { localAddress, origin } = connection;
    const metadata = this.#ruledValues(tlvs);
    const isMetadata = this.#config.rulesLocation === 'dynamic-metadata';
    connection.origin = {
      directRemoteAddress: directRemoteAddressOf(connection),
      directLocalAddress: origin?.directLocalAddress ?? localAddress,
      proxyAddresses: addresses,
      proxyTlvs: this.#passedTlvs(tlvs),
      dynamicMetadata: isMetadata ? metadata : {},
      filterState: isMetadata ? {} : toFilterState(metadata),
    };
    if (addresses !== undefined) {
      connection.remoteAddress = addresses.source;
      connection.localAddress = addresses.destination;
    }
    accepted.bytes = accepted.bytes.subarray(byteCount);
  }

  #passedTlvs(tlvs: readonly ProxyTlv[]): readonly ProxyTlv[] {
    const passed = this.#passed;
    return passed === 'all' ? tlvs : tlvs.filter(({ type }) => passed.has(type));
  }

  /** By namespace and key; of two TLVs of one type the last one counts. */
  #ruledValues(tlvs: readonly ProxyTlv[]): Record<string, Record<string, string>> {
    const values: Record<string, Record<string, string>> = {};
    for (const { type, value } of tlvs) {
      for (const { tlvType, metadataNamespace, key, encoding } of this.#config.rules) {
        if (tlvType !== type) continue;
        (values[metadataNamespace] ??= {})[key] =
          encoding === 'base64' ? Buffer.from(value).toString('base64') : toText(value);
      }
    }
    return values;
  }
}

/** One object for all namespaces; none without values. */
function toFilterState(metadata: Record<string, Record<string, string>>): ConnectionOrigin['filterState'] {
  const entries = Object.values(metadata).flatMap((values) => Object.entries(values));
  return entries.length === 0 ? {} : { [filterStateName]: Object.fromEntries(entries) };
}

/** In place of each byte that is no UTF-8 stands `!`, as in Envoy. */
function toText(value: Uint8Array): string {
  let text = '';
  for (let at = 0; at < value.length;) {
    const length = [1, 2, 3, 4].find((count) => isUtf8(value.subarray(at, at + count))) ?? 0;
    text += length === 0 ? '!' : Buffer.from(value.subarray(at, at + length)).toString();
    at += Math.max(length, 1);
  }
  return text;
}
