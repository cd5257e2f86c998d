import type { SocketAddress } from '../connection.ts';

/** A PROXY header (HAProxy's `proxy-protocol.txt`), as read from a connection. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** Undefined: the sender speaks for itself (`LOCAL`), or does not know (`UNKNOWN`). */
  readonly addresses: ProxyAddresses | undefined;
  readonly tlvs: readonly ProxyTlv[];
  readonly byteCount: number;
}

/** The connection that the sender forwards. */
export interface ProxyAddresses {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
}

/** A field of version 2. */
export interface ProxyTlv {
  /** One byte. */
  readonly type: number;
  readonly value: Uint8Array;
}

export type ProxyHeaderReading =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'header'; readonly header: ProxyHeader };

export const incompleteHeader: ProxyHeaderReading = Object.freeze({ kind: 'incomplete' });
export const brokenHeader: ProxyHeaderReading = Object.freeze({ kind: 'broken' });

export const signatures: Readonly<Record<1 | 2, Buffer>> = {
  1: Buffer.from('PROXY '),
  2: Buffer.from('\r\n\r\n\0\r\nQUIT\n'),
};

/** The versions whose signature the bytes, or as many as have come, begin with. */
export function possibleVersions(bytes: Uint8Array): readonly (1 | 2)[] {
  return ([1, 2] as const).filter((version) => {
    const signature = signatures[version];
    const byteCount = Math.min(signature.length, bytes.length);
    return signature.compare(bytes, 0, byteCount, 0, byteCount) === 0;
  });
}

/** The type of a TLV over the whole header: a checksum, computed with zeros in its place. */
export const checksumTlv = 0x03;
export const headerBytes = 16;
export const addressBytes = { ipv4: 12, ipv6: 36 } as const;
/** `AF_INET` and `AF_INET6` in the upper half of a byte, `STREAM` and `DGRAM` in the lower. */
export const families = { ipv4: 1, ipv6: 2 } as const;
export const transports = { stream: 1, datagram: 2 } as const;
