import { isIPv4, isIPv6, SocketAddress as IpAddress } from 'node:net';
import type { SocketAddress } from '../connection.ts';
import { crc32c } from './crc32c.ts';
import {
  addressBytes,
  brokenHeader,
  checksumTlv,
  families,
  headerBytes,
  incompleteHeader,
  signatures,
  transports,
  type ProxyAddresses,
  type ProxyHeaderReading,
  type ProxyTlv,
} from './proxy-header.ts';

/** Of version 1, with its line end. */
const maxLineBytes = 107;
const command = { local: 0, proxy: 1 } as const;

/** `bytes` begin with the signature of that version. */
export function readProxyHeader(version: 1 | 2, bytes: Buffer): ProxyHeaderReading {
  return version === 1 ? readLine(bytes) : readBinary(bytes);
}

function readLine(bytes: Buffer): ProxyHeaderReading {
  const lineEnd = bytes.subarray(0, maxLineBytes).indexOf('\r\n');
  if (lineEnd < 0) return bytes.length < maxLineBytes ? incompleteHeader : brokenHeader;
  const byteCount = lineEnd + 2;
  const [family, source, destination, ...ports] = bytes
    .toString('latin1', signatures[1].length, lineEnd)
    .split(' ');
  // What follows UNKNOWN is ignored.
  if (family === 'UNKNOWN') {
    return { kind: 'header', header: { version: 1, addresses: undefined, tlvs: [], byteCount } };
  }
  const isFit = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIpv6 : () => false;
  const [sourcePort, destinationPort] = ports.map(toPort);
  if (ports.length !== 2 || sourcePort === undefined || destinationPort === undefined) return brokenHeader;
  if (source === undefined || destination === undefined) return brokenHeader;
  if (!isFit(source) || !isFit(destination)) return brokenHeader;
  const addresses = {
    source: toAddress(source, sourcePort),
    destination: toAddress(destination, destinationPort),
  };
  if (!areUnicast(addresses)) return brokenHeader;
  return { kind: 'header', header: { version: 1, addresses, tlvs: [], byteCount } };
}

function toPort(text: string): number | undefined {
  if (!/^(0|[1-9]\d{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 0xffff ? port : undefined;
}

/** A zone has a meaning on one machine only. */
function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function readBinary(bytes: Buffer): ProxyHeaderReading {
  const [versionAndCommand, familyAndTransport] = [bytes[12], bytes[13]];
  // What is there decides as early as it can.
  if (versionAndCommand === undefined) return incompleteHeader;
  const commandCode = versionAndCommand & 0xf;
  if (versionAndCommand >> 4 !== 2 || commandCode > command.proxy) return brokenHeader;
  if (familyAndTransport === undefined) return incompleteHeader;
  const isLocal = commandCode === command.local;
  const addressLength = isLocal ? 0 : addressLengthOf(familyAndTransport);
  if (addressLength === undefined) return brokenHeader;
  if (bytes.length < headerBytes) return incompleteHeader;
  const byteCount = headerBytes + bytes.readUInt16BE(headerBytes - 2);
  if (headerBytes + addressLength > byteCount) return brokenHeader;
  if (bytes.length < byteCount) return incompleteHeader;
  if (isLocal) {
    return { kind: 'header', header: { version: 2, addresses: undefined, tlvs: [], byteCount } };
  }
  const header = bytes.subarray(0, byteCount);
  const addresses = readAddresses(header, addressLength === addressBytes.ipv4 ? 4 : 16);
  const tlvs = readTlvs(header, headerBytes + addressLength);
  if (tlvs === undefined || !areUnicast(addresses)) return brokenHeader;
  return { kind: 'header', header: { version: 2, addresses, tlvs, byteCount } };
}

/** Undefined: no family that a connection over IP has. */
function addressLengthOf(familyAndTransport: number): number | undefined {
  const transport = familyAndTransport & 0xf;
  if (transport !== transports.stream && transport !== transports.datagram) return undefined;
  switch (familyAndTransport >> 4) {
    case families.ipv4:
      return addressBytes.ipv4;
    case families.ipv6:
      return addressBytes.ipv6;
    default:
      return undefined;
  }
}

function readAddresses(header: Buffer, ipBytes: 4 | 16): ProxyAddresses {
  const addressAt = (index: 0 | 1): SocketAddress => {
    const start = headerBytes + index * ipBytes;
    const ip = header.subarray(start, start + ipBytes);
    const text = ipBytes === 4 ? ip.join('.') : (ip.toString('hex').match(/.{4}/g) ?? []).join(':');
    return toAddress(text, header.readUInt16BE(headerBytes + 2 * ipBytes + 2 * index));
  };
  return { source: addressAt(0), destination: addressAt(1) };
}

/** Undefined: one is cut off, or the checksum is wrong. */
function readTlvs(header: Buffer, start: number): readonly ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  let at = start;
  while (at < header.length) {
    if (at + 3 > header.length) return undefined;
    const [type = 0, valueStart] = [header[at], at + 3];
    at = valueStart + header.readUInt16BE(at + 1);
    if (at > header.length) return undefined;
    // The chunk is lent, and what is passed on lives as long as the connection.
    const value = new Uint8Array(header.subarray(valueStart, at));
    if (type === checksumTlv && !isChecksumRight(header, valueStart, value)) return undefined;
    tlvs.push({ type, value });
  }
  return tlvs;
}

function isChecksumRight(header: Buffer, valueStart: number, value: Uint8Array): boolean {
  if (value.length !== 4) return false;
  const zeroed = Buffer.from(header).fill(0, valueStart, valueStart + 4);
  return crc32c(zeroed) === header.readUInt32BE(valueStart);
}

/** IPv6 in its shortest form, as the system writes it. */
function toAddress(ip: string, port: number): SocketAddress {
  return { address: isIPv4(ip) ? ip : new IpAddress({ family: 'ipv6', address: ip }).address, port };
}

/** TCP has no others. */
function areUnicast({ source, destination }: ProxyAddresses): boolean {
  return [source, destination].every(({ address }) => {
    if (!isIPv4(address)) return address !== '::' && !address.startsWith('ff');
    const [first = 0] = address.split('.').map(Number);
    const isMulticast = first >= 224 && first < 240;
    return address !== '0.0.0.0' && address !== '255.255.255.255' && !isMulticast;
  });
}
