import { isIP } from 'node:net';
import { ipBytesOf } from '@heddle/shared/lang/ip-bytes';
import { families, signatures, transports, type ProxyAddresses, type ProxyTlv } from './proxy-header.ts';

const local = 0x20;
const proxy = 0x21;
const maxContentBytes = 0xffff;

/** Version 1. Addresses of two families cannot be told, nor those of pipes. */
export function writeProxyLine({ source, destination }: ProxyAddresses): Buffer {
  const family = isIP(source.address);
  if (family === 0 || family !== isIP(destination.address)) return Buffer.from('PROXY UNKNOWN\r\n');
  const fields = [source.address, destination.address, source.port, destination.port];
  return Buffer.from(`PROXY ${family === 4 ? 'TCP4' : 'TCP6'} ${fields.join(' ')}\r\n`);
}

/** Version 2. Without addresses: `LOCAL`. TLVs that a header cannot hold are left out, all of them. */
export function writeProxyBinary(addresses: ProxyAddresses | undefined, tlvs: readonly ProxyTlv[]): Buffer {
  const packed = addresses === undefined ? undefined : packAddresses(addresses);
  if (packed === undefined) return Buffer.concat([signatures[2], Buffer.from([local, 0, 0, 0])]);
  const family = packed.length === 12 ? families.ipv4 : families.ipv6;
  const extension = Buffer.concat(tlvs.map(packTlv));
  const content =
    packed.length + extension.length > maxContentBytes ? packed : Buffer.concat([packed, extension]);
  const start = Buffer.from([
    proxy,
    (family << 4) | transports.stream,
    content.length >> 8,
    content.length & 0xff,
  ]);
  return Buffer.concat([signatures[2], start, content]);
}

function packAddresses({ source, destination }: ProxyAddresses): Buffer | undefined {
  const [from, to] = [ipBytesOf(source.address), ipBytesOf(destination.address)];
  if (from === undefined || from.length !== to?.length) return undefined;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  return Buffer.concat([Buffer.from(from), Buffer.from(to), ports]);
}

function packTlv({ type, value }: ProxyTlv): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
}
