import type { Rng } from '@heddle/shared/random/rng';
import type { HeaderMap } from '../../codec/header-map.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import { isPipeName } from '../../config/model/address.ts';
import { isInRange } from '../../lang/cidr-range.ts';
import { RequestIds } from './request-id.ts';
import type { StreamInfo } from './stream-info.ts';
import { forwardedAddress, isLoopback } from './trusted-address.ts';

/** What of the manager's configuration decides how far a client is believed. */
export type TrustRules = Pick<
  HttpConnectionManager,
  | 'useRemoteAddress'
  | 'xffNumTrustedHops'
  | 'skipXffAppend'
  | 'generateRequestId'
  | 'preserveExternalRequestId'
  | 'via'
  | 'headersWithUnderscoresAction'
  | 'internalAddresses'
  | 'areUnixSocketsInternal'
>;

/** What only internal requests may ask for. */
const controlHeaders = [
  ...['retriable-status-codes', 'retriable-header-names', 'retry-on', 'retry-grpc-on', 'max-retries'],
  ...['upstream-alt-stat-name', 'upstream-rq-timeout-ms', 'upstream-rq-per-try-timeout-ms'],
  ...['upstream-rq-timeout-alt-response', 'expected-rq-timeout-ms', 'force-trace', 'ip-tags', 'original-url'],
  ...['hedge-on-per-try-timeout', 'upstream-stream-duration-ms'],
].map((name) => `x-envoy-${name}`);

/** What a request from outside must not bring through an edge. */
const edgeHeaders = [
  ...['decorator-operation', 'downstream-service-cluster', 'downstream-service-node', 'original-path'],
  'original-host',
].map((name) => `x-envoy-${name}`);

/**
 * Set here, or meant for one hop; `connection` and `upgrade` stay for a protocol change. Whose certificate a client
 * forwards is not believed (`forward_client_cert_details: SANITIZE`, Envoy's default).
 */
const hopHeaders = [
  ...['x-envoy-internal', 'keep-alive', 'proxy-connection', 'transfer-encoding'],
  'x-forwarded-client-cert',
];

const colon = 0x3a;
const untrusted = 1;
const edgeOnly = 2;
const hop = 3;
const upgradePair = 4;
const te = 5;

/** Headers that need a look; one pass over the request finds them. */
const treatments: ReadonlyMap<string, number> = new Map([
  ...controlHeaders.map((name) => [name, untrusted] as const),
  ...edgeHeaders.map((name) => [name, edgeOnly] as const),
  ...hopHeaders.map((name) => [name, hop] as const),
  ['connection', upgradePair],
  ['upgrade', upgradePair],
  ['te', te],
]);

/** Why a request is refused with 400: response code details. */
export type HeaderRefusal = 'unexpected_underscore';

/**
 * Makes the heads of requests trustworthy: whose address counts, what an outsider may not say, what belongs to one
 * hop, and what every request carries (`x-forwarded-proto`, `x-request-id`).
 */
export class RequestSanitizer {
  readonly #rules: TrustRules;
  readonly #requestIds: RequestIds;
  readonly #nodeAddress: string;

  /** `nodeAddress` stands for a loopback peer in `x-forwarded-for`: 127.0.0.1 would mean the next server itself. */
  constructor(rules: TrustRules, rng: Rng, nodeAddress: string) {
    this.#rules = rules;
    this.#requestIds = new RequestIds(rng);
    this.#nodeAddress = nodeAddress;
  }

  /** Once per request, before routing. Undefined: the request is fine. */
  sanitize(
    headers: HeaderMap,
    info: StreamInfo,
    isUpgrade: boolean,
    internalOnlyHeaders: readonly string[],
  ): HeaderRefusal | undefined {
    const rules = this.#rules;
    if (rules.headersWithUnderscoresAction !== 'allow') {
      const refusal = treatUnderscores(headers, rules.headersWithUnderscoresAction);
      if (refusal !== undefined) return refusal;
    }
    const forwardedFor = joinForwardedFor(headers);
    const isInternal = this.#comesFromInside(forwardedFor, info);
    const isEdge = rules.useRemoteAddress && !isInternal;
    if (rules.useRemoteAddress) this.#trustPeer(headers, forwardedFor, info);
    else trustForwarded(headers, forwardedFor, info, rules.xffNumTrustedHops);
    setScheme(headers);
    removeUntrusted(headers, isEdge, isUpgrade, isInternal);
    if (isInternal) markInternal(headers, info);
    else for (const name of internalOnlyHeaders) headers.remove(name);
    if (isEdge && !isPipeName(info.downstreamRemoteAddress.address)) {
      headers.set('x-envoy-external-address', info.downstreamRemoteAddress.address);
    }
    if (rules.via !== '') appendVia(headers, rules.via);
    if (rules.generateRequestId) {
      const mustReplace = isEdge && !rules.preserveExternalRequestId;
      if (mustReplace || !headers.has('x-request-id'))
        headers.setUnchecked('x-request-id', this.#requestIds.next());
    }
    return undefined;
  }

  /** One address and no other is behind the request, and it is one of ours. Asked before the peer is appended. */
  #comesFromInside(forwardedFor: string | undefined, info: StreamInfo): boolean {
    const { useRemoteAddress, xffNumTrustedHops, internalAddresses, areUnixSocketsInternal } = this.#rules;
    if (internalAddresses.length === 0 && !areUnixSocketsInternal) return false;
    let address: string | undefined;
    if (useRemoteAddress) {
      if (forwardedFor === undefined) ({ address } = info.downstreamRemoteAddress);
    } else if (forwardedFor !== undefined && xffNumTrustedHops === 0) {
      address = forwardedFor.includes(',') ? undefined : forwardedAddress(forwardedFor, 0);
    }
    if (address === undefined) return false;
    if (isPipeName(address)) return areUnixSocketsInternal;
    for (const range of internalAddresses) if (isInRange(range, address)) return true;
    return false;
  }

  /** An edge: the peer is the client, unless so many proxies before it are known. */
  #trustPeer(headers: HeaderMap, forwardedFor: string | undefined, info: StreamInfo): void {
    const { xffNumTrustedHops, skipXffAppend } = this.#rules;
    const { address: peer } = info.downstreamRemoteAddress;
    if (xffNumTrustedHops > 0 && forwardedFor !== undefined) {
      const address = forwardedAddress(forwardedFor, xffNumTrustedHops - 1);
      if (address !== undefined) info.downstreamRemoteAddress = { address, port: 0 };
    }
    // A pipe is nobody's address.
    if (!skipXffAppend && !isPipeName(peer)) {
      const joined = forwardedFor === undefined ? '' : `${forwardedFor},`;
      headers.set('x-forwarded-for', joined + (isLoopback(peer) ? this.#nodeAddress : peer));
    }
    if (xffNumTrustedHops === 0 || !headers.has('x-forwarded-proto'))
      headers.set('x-forwarded-proto', protoOf(info));
  }
}

/** One line of all: who came last is last in the last line, whoever wrote which. */
function joinForwardedFor(headers: HeaderMap): string | undefined {
  const first = headers.get('x-forwarded-for');
  if (first === undefined) return undefined;
  const all = headers.getAll('x-forwarded-for');
  if (all.length === 1) return first;
  const joined = all.join(',');
  headers.set('x-forwarded-for', joined);
  return joined;
}

function trustForwarded(
  headers: HeaderMap,
  forwardedFor: string | undefined,
  info: StreamInfo,
  trustedHops: number,
): void {
  if (forwardedFor !== undefined) {
    const address = forwardedAddress(forwardedFor, trustedHops);
    if (address !== undefined) info.downstreamRemoteAddress = { address, port: 0 };
  }
  if (!headers.has('x-forwarded-proto')) headers.addUnchecked('x-forwarded-proto', protoOf(info));
}

function protoOf({ isDownstreamSecure }: StreamInfo): string {
  return isDownstreamSecure ? 'https' : 'http';
}

/** `:scheme` comes from `x-forwarded-proto` in any case; anything but http and https is http. */
function setScheme(headers: HeaderMap): void {
  const proto = headers.get('x-forwarded-proto');
  let scheme = 'http';
  if (proto !== 'http' && proto?.toLowerCase() === 'https') scheme = 'https';
  if (headers.get(':scheme') !== scheme) headers.set(':scheme', scheme);
}

function markInternal(headers: HeaderMap, info: StreamInfo): void {
  info.isInternalRequest = true;
  headers.addUnchecked('x-envoy-internal', 'true');
}

/** An external request asks for nothing. */
function removeUntrusted(headers: HeaderMap, isEdge: boolean, isUpgrade: boolean, isInternal: boolean): void {
  for (let index = 0; index < headers.size;) {
    const name = headers.nameAt(index);
    // Pseudo-headers are the codec's.
    if (name.charCodeAt(0) === colon) {
      index++;
      continue;
    }
    switch (treatments.get(name)) {
      case untrusted:
        if (isInternal) break;
        headers.remove(name);
        continue;
      case hop:
        headers.remove(name);
        continue;
      case edgeOnly:
        if (!isEdge) break;
        headers.remove(name);
        continue;
      case upgradePair:
        if (isUpgrade) break;
        headers.remove(name);
        continue;
      case te:
        if (headers.valueAt(index) === 'trailers') break;
        if (
          headers
            .valueAt(index)
            .split(',')
            .some((value) => value.trim() === 'trailers')
        ) {
          headers.setValueAt(index, 'trailers');
          break;
        }
        headers.remove(name);
        continue;
      default:
    }
    index++;
  }
}

export function appendVia(headers: HeaderMap, via: string): void {
  headers.set('via', [...headers.getAll('via'), via].join(', '));
}

function treatUnderscores(headers: HeaderMap, action: 'reject' | 'drop'): HeaderRefusal | undefined {
  for (let index = 0; index < headers.size;) {
    const name = headers.nameAt(index);
    if (!name.includes('_')) index++;
    else if (action === 'reject') return 'unexpected_underscore';
    else headers.remove(name);
  }
  return undefined;
}
