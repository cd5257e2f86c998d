import { isIP } from 'node:net';
import type { Address as AddressMessage, CidrRange as CidrRangeMessage } from '@heddle/shared/xds/api';
import type { Address, ListenAddress } from '../model/address.ts';
import type { CidrRange } from '../model/listener.ts';
import type { DecodeContext } from './decode-context.ts';

const nowhere: Address = { address: '0.0.0.0', port: 0 };
/** Of Linux, with the zero at its end. */
const pipePathBytes = 108;

/** An address that must be an IP, or a pipe. `hint` follows the refusal of a name. */
export function decodeIpAddress(
  context: DecodeContext,
  message: AddressMessage | undefined,
  path: string,
  hint = '',
): Address {
  if (message?.pipe !== undefined) return decodePipe(context, message.pipe, `${path}.pipe`);
  const address = decodeNamedAddress(context, message, path);
  if (address !== nowhere && isIP(address.address) === 0) {
    context.refuse(
      `${path}.socket_address.address`,
      `${JSON.stringify(address.address)} is not an IP address${hint}`,
    );
  }
  return address;
}

/** Where a listener, or the admin interface, is reached. */
export function decodeListenAddress(
  context: DecodeContext,
  message: AddressMessage | undefined,
  path: string,
): ListenAddress {
  const address = decodeIpAddress(context, message, path);
  if (message?.pipe !== undefined) {
    const { mode } = message.pipe;
    if (mode === 0) return address;
    if (address.address.startsWith('@')) {
      context.refuse(`${path}.pipe.mode`, 'cannot be set for an abstract socket, which is no file');
    }
    return { ...address, mode };
  }
  return message?.socketAddress?.protocol === 'UDP' ? { ...address, protocol: 'udp' } : address;
}

/** An IP or a name. */
export function decodeNamedAddress(
  context: DecodeContext,
  message: AddressMessage | undefined,
  path: string,
): Address {
  if (message?.pipe !== undefined) {
    context.refuse(`${path}.pipe`, 'is nothing that DNS resolves: it needs a STATIC or EDS cluster');
    return nowhere;
  }
  const socket = message?.socketAddress;
  if (socket === undefined) {
    // An internal address was refused by the support table.
    if (message === undefined) context.refuse(path, 'is missing');
    return nowhere;
  }
  // Envoy takes the form with brackets nowhere; a zone has a meaning on one machine only.
  return { address: socket.address, port: socket.portValue ?? 0 };
}

function decodePipe(
  context: DecodeContext,
  { path: name }: { readonly path: string },
  path: string,
): Address {
  if (name === '') return nowhere; // The API's rules refused it.
  if (name.includes('\0')) context.refuse(`${path}.path`, 'contains a zero byte');
  const longest = pipePathBytes - 1;
  if (Buffer.byteLength(name) > longest) {
    context.refuse(
      `${path}.path`,
      `is longer than ${longest} bytes, the longest name of a Unix domain socket`,
    );
  }
  // A bare name is in the working directory.
  return { address: name.includes('/') || name.startsWith('@') ? name : `./${name}`, port: 0 };
}

export function decodeCidrRange(context: DecodeContext, message: CidrRangeMessage, path: string): CidrRange {
  const family = isIP(message.addressPrefix);
  if (family === 0) {
    context.refuse(`${path}.address_prefix`, `${JSON.stringify(message.addressPrefix)} is not an IP address`);
  }
  // As in Envoy a length beyond the address is the whole address.
  const longest = family === 6 ? 128 : 32;
  return { address: message.addressPrefix, prefixLength: Math.min(message.prefixLen ?? 0, longest) };
}
