import { isIP } from 'node:net';
import type { Address as AddressMessage, CidrRange as CidrRangeMessage } from '@heddle/shared/xds/api';
import type { Address } from '../model/address.ts';
import type { CidrRange } from '../model/listener.ts';
import type { DecodeContext } from './decode-context.ts';

const nowhere: Address = { address: '0.0.0.0', port: 0 };

/** An address that must be an IP. `hint` follows the refusal of a name. */
export function decodeIpAddress(
  context: DecodeContext,
  message: AddressMessage | undefined,
  path: string,
  hint = '',
): Address {
  const address = decodeAddress(context, message, path);
  if (address !== nowhere && isIP(address.address) === 0) {
    context.refuse(
      `${path}.socket_address.address`,
      `${JSON.stringify(address.address)} is not an IP address${hint}`,
    );
  }
  return address;
}

/** An IP or a name. */
export function decodeAddress(
  context: DecodeContext,
  message: AddressMessage | undefined,
  path: string,
): Address {
  const socket = message?.socketAddress;
  if (socket === undefined) {
    // A pipe or an internal address was refused by the support table.
    if (message === undefined) context.refuse(path, 'is missing');
    return nowhere;
  }
  // Envoy takes the form with brackets nowhere; a zone has a meaning on one machine only.
  return { address: socket.address, port: socket.portValue ?? 0 };
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
