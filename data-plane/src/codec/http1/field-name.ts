import { lowerCaseToken } from './byte-tables.ts';

/** What a field means to the codec; everything else is `plainField` and only carried. */
export const plainField = 0;
export const hostField = 1;
export const contentLengthField = 2;
export const transferEncodingField = 3;
export const connectionField = 4;
export const upgradeField = 5;
export const teField = 6;
/** `proxy-connection`: of one hop, and without a meaning that we need. */
export const hopByHopField = 7;
export const keepAliveField = 8;

/** A field name in its one, interned, lower-case form. */
export class FieldName {
  readonly text: string;
  readonly kind: number;
  readonly hash: number;
  /** Next known name of the same bucket. */
  readonly next: FieldName | undefined;

  constructor(text: string, kind: number, hash: number, next: FieldName | undefined) {
    this.text = text;
    this.kind = kind;
    this.hash = hash;
    this.next = next;
  }
}

const kinds: Readonly<Record<string, number>> = {
  host: hostField,
  'content-length': contentLengthField,
  'transfer-encoding': transferEncodingField,
  connection: connectionField,
  upgrade: upgradeField,
  te: teField,
  'keep-alive': keepAliveField,
  'proxy-connection': hopByHopField,
};

const knownNames = `accept accept-charset accept-encoding accept-language accept-ranges
access-control-allow-credentials access-control-allow-headers access-control-allow-methods
access-control-allow-origin access-control-expose-headers access-control-max-age
access-control-request-headers access-control-request-method age allow alt-svc authorization baggage
cache-control connection content-disposition content-encoding content-language content-length
content-location content-range content-security-policy content-type cookie cross-origin-embedder-policy
cross-origin-opener-policy cross-origin-resource-policy date dnt etag expect expires forwarded from
grpc-accept-encoding grpc-encoding grpc-message grpc-status grpc-timeout host http2-settings if-match
if-modified-since if-none-match if-range if-unmodified-since keep-alive last-modified link location
max-forwards origin permissions-policy pragma priority proxy-authenticate proxy-authorization
proxy-connection range referer referrer-policy retry-after sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform
sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept
sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version server
server-timing set-cookie strict-transport-security te trace-id traceparent tracestate trailer
transfer-encoding upgrade upgrade-insecure-requests user-agent vary via www-authenticate x-b3-parentspanid
x-b3-sampled x-b3-spanid x-b3-traceid x-content-type-options x-envoy-attempt-count
x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms x-envoy-external-address
x-envoy-original-host x-envoy-original-path x-envoy-upstream-service-time x-forwarded-client-cert
x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by
x-real-ip x-request-id x-requested-with x-xss-protection`.split(/\s+/);

const bucketMask = 511;
const cacheMask = 255;
/** A longer name is not worth remembering, and would let a peer fill the cache with its bytes. */
const maxCachedNameBytes = 64;

/** Start value of the hash that `lookup` takes: for each byte `hash = hashNameByte(hash, lowerCaseToken[byte])`. */
export const emptyNameHash = 0;

export function hashNameByte(hash: number, lowerCaseByte: number): number {
  return (Math.imul(hash, 31) + lowerCaseByte) | 0;
}

/**
 * Bytes → interned names: a table of the names that are common, and a small cache of those that this worker met
 * lately. One per worker. A name is compared byte by byte, since a peer can choose names whose hashes collide.
 */
export class FieldNameTable {
  readonly #buckets: (FieldName | undefined)[] = new Array<FieldName | undefined>(bucketMask + 1).fill(
    undefined,
  );
  readonly #cache: (FieldName | undefined)[] = new Array<FieldName | undefined>(cacheMask + 1).fill(
    undefined,
  );

  constructor() {
    for (const text of knownNames) {
      const hash = hashOf(text);
      const bucket = hash & bucketMask;
      this.#buckets[bucket] = new FieldName(text, kinds[text] ?? plainField, hash, this.#buckets[bucket]);
    }
  }

  /** `bytes[start, end)` are token bytes, not empty; `hash` is theirs in lower case. */
  lookup(bytes: Uint8Array, start: number, end: number, hash: number): FieldName {
    for (let known = this.#buckets[hash & bucketMask]; known !== undefined; known = known.next) {
      if (known.hash === hash && isSameName(bytes, start, end, known.text)) return known;
    }
    const cached = this.#cache[hash & cacheMask];
    if (cached !== undefined && cached.hash === hash && isSameName(bytes, start, end, cached.text)) {
      return cached;
    }
    return this.#create(bytes, start, end, hash);
  }

  #create(bytes: Uint8Array, start: number, end: number, hash: number): FieldName {
    let text = '';
    for (let at = start; at < end; at++) {
      text += String.fromCharCode(lowerCaseToken[bytes[at] as number] as number);
    }
    const name = new FieldName(text, plainField, hash, undefined);
    if (end - start <= maxCachedNameBytes) this.#cache[hash & cacheMask] = name;
    return name;
  }
}

function isSameName(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const length = end - start;
  if (text.length !== length) return false;
  for (let at = 0; at < length; at++) {
    if (lowerCaseToken[bytes[start + at] as number] !== text.charCodeAt(at)) return false;
  }
  return true;
}

function hashOf(text: string): number {
  let hash = emptyNameHash;
  for (let at = 0; at < text.length; at++) hash = hashNameByte(hash, text.charCodeAt(at));
  return hash;
}
