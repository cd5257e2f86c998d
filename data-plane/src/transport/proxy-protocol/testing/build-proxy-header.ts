import { signatures } from '../proxy-header.ts';

/** Pieces of PROXY headers, good and bad: what no field asks for is a header of TCP over IPv4. */
export interface BinaryFields {
  readonly versionAndCommand?: number;
  readonly familyAndTransport?: number;
  readonly addresses?: Buffer;
  readonly tlvs?: readonly Buffer[];
  /** In place of the true one. */
  readonly length?: number;
}

export const ipv4Addresses: Buffer = packAddresses([1, 2, 3, 4], [5, 6, 7, 8], 1000, 2000);
export const ipv6Addresses: Buffer = packAddresses(
  [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  1000,
  2000,
);

export function packAddresses(
  source: readonly number[],
  destination: readonly number[],
  sourcePort: number,
  destinationPort: number,
): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  return Buffer.concat([Buffer.from(source), Buffer.from(destination), ports]);
}

export function buildTlv(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** Version 2. */
export function buildBinary(fields: BinaryFields = {}): Buffer {
  const { versionAndCommand = 0x21, familyAndTransport = 0x11, addresses = ipv4Addresses } = fields;
  const content = Buffer.concat([addresses, ...(fields.tlvs ?? [])]);
  const length = fields.length ?? content.length;
  const start = [versionAndCommand, familyAndTransport, length >> 8, length & 0xff];
  return Buffer.concat([signatures[2], Buffer.from(start), content]);
}
