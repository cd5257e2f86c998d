/** Where Heddle reads a header otherwise than Envoy or HAProxy, and why. docs/proxy-protocol.md is written from it. */
export interface KnownDifference {
  /** Names of the corpus. */
  readonly entries: RegExp;
  readonly than: 'Envoy' | 'HAProxy';
  /** For the page. */
  readonly headers: string;
  readonly heddle: string;
  readonly other: string;
  readonly reason: string;
}

const notUnicast = 'no connection of TCP has such an address; as Envoy';

export const knownDifferences: readonly KnownDifference[] = [
  {
    entries: /^v1 (port with a zero in front|port with a plus)$/,
    than: 'Envoy',
    headers: 'ports such as `080` and `+80`',
    heddle: 'closed',
    other: 'taken',
    reason: 'the specification allows digits only, and no zero in front',
  },
  {
    entries: /^v1 port with a zero in front$/,
    than: 'HAProxy',
    headers: 'ports such as `080`',
    heddle: 'closed',
    other: 'taken',
    reason: 'the specification allows no zero in front',
  },
  {
    entries: /^v1 space at the end$/,
    than: 'Envoy',
    headers: 'a space behind the last port',
    heddle: 'closed',
    other: 'taken',
    reason: 'the line ends behind the port',
  },
  {
    entries: /^v1 IPv6 with a zone$/,
    than: 'Envoy',
    headers: '`fe80::1%lo`',
    heddle: 'closed',
    other: 'taken',
    reason: 'a zone has a meaning on one machine only',
  },
  {
    entries: /^v1 UNKNOWN of 108 bytes$/,
    than: 'Envoy',
    headers: 'a line of 108 bytes',
    heddle: 'closed',
    other: 'taken',
    reason: 'the specification allows 107, with the line end',
  },
  {
    entries: /^v2 (wrong checksum|checksum of three bytes|right checksum, byte .*)$/,
    than: 'Envoy',
    headers: 'a checksum that is wrong, or none',
    heddle: 'closed',
    other: 'taken',
    reason: 'the specification asks who can compute it to refuse what is damaged; as HAProxy',
  },
  {
    entries: /^v1 port 65536$/,
    than: 'HAProxy',
    headers: 'port 65536',
    heddle: 'closed',
    other: 'taken as 0',
    reason: 'there is no such port; as Envoy',
  },
  {
    entries: /^v1 IPv4 (with a zero in front|of three parts|that is too large)$/,
    than: 'HAProxy',
    headers: '`1.2.3`, `1.2.3.256`, `01.2.3.4`',
    heddle: 'closed',
    other: 'taken, as `1.2.3.0`, `1.2.4.0`, `1.2.3.4`',
    reason: 'each is another address elsewhere, or none; as Envoy',
  },
  {
    entries:
      /^v[12] (unspecified IPv[46]|broadcast|multicast IPv[46]|(unspecified|multicast|broadcast) address)$/,
    than: 'HAProxy',
    headers: 'addresses that are unspecified, broadcast or multicast',
    heddle: 'closed',
    other: 'taken',
    reason: notUnicast,
  },
  {
    entries: /^v1 UNKNOWN (and more.*|of 107 bytes)$/,
    than: 'HAProxy',
    headers: '`UNKNOWN` with something behind it',
    heddle: 'taken',
    other: 'closed',
    reason: 'the specification: what follows is ignored up to the line end; as Envoy',
  },
  {
    entries: /^v2 UDP$/,
    than: 'HAProxy',
    headers: 'a header for UDP',
    heddle: 'taken',
    other: 'closed',
    reason: 'as Envoy: the addresses are as good',
  },
  {
    entries: /^v2 TLV of 20,000 bytes$/,
    than: 'HAProxy',
    headers: 'TLVs of more than 16 KiB',
    heddle: 'taken',
    other: 'closed',
    reason: 'a header may have 64 KiB; HAProxy has no larger buffer',
  },
];
