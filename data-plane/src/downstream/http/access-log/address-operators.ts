import { isIP, SocketAddress as IpAddress } from 'node:net';
import { formatAddress, isPipe, isPipeName } from '../../../config/model/address.ts';
import { toLatin1Text } from '../../../lang/latin1.ts';
import type { SocketAddress } from '../../../transport/connection.ts';
import type { StreamInfo } from '../stream-info.ts';
import { plain, type OperatorFactory, type OperatorTable } from './format-operator.ts';

type ReadAddress = (info: StreamInfo) => SocketAddress | undefined;

function address(read: ReadAddress): OperatorFactory {
  return plain(({ streamInfo }) => {
    const value = read(streamInfo);
    // A client of a pipe has no address of its own.
    return value === undefined || value.address === '' ? undefined : formatAddress(value);
  });
}

function port(read: ReadAddress): OperatorFactory {
  return plain(({ streamInfo }) => {
    const value = read(streamInfo);
    if (value === undefined || value.address === '') return undefined;
    return isPipe(value) ? '' : value.port;
  });
}

/** An argument is a prefix length: the address is then masked, and written as a range. */
function withoutPort(read: ReadAddress): OperatorFactory {
  return (argument = '') => {
    if (!/^\d*$/.test(argument)) return 'takes the length of a prefix';
    const ipOf = (info: StreamInfo): string => read(info)?.address ?? '';
    if (argument === '') return ({ streamInfo }) => toLatin1Text(ipOf(streamInfo)) || undefined;
    const length = Number(argument);
    return ({ streamInfo }) => maskAddress(ipOf(streamInfo), length);
  };
}

/** Nothing of a pipe, undefined for anything else that is no IP address. A longer prefix than there are bits is all of them. */
export function maskAddress(ip: string, length: number): string | undefined {
  const family = isIP(ip);
  if (family === 0) return isPipeName(ip) ? '' : undefined;
  const [unitBits, units] = family === 4 ? [8, ip.split('.').map(Number)] : [16, groupsOf(ip)];
  const bits = Math.min(length, units.length * unitBits);
  const masked = units.map((unit, index) => {
    const kept = Math.max(0, Math.min(unitBits, bits - index * unitBits));
    return unit & ~(2 ** (unitBits - kept) - 1);
  });
  if (family === 4) return `${masked.join('.')}/${bits}`;
  const address = masked.map((group) => group.toString(16)).join(':');
  return `${new IpAddress({ family: 'ipv6', address }).address}/${bits}`;
}

/** The eight groups of an IPv6 address. */
function groupsOf(ip: string): readonly number[] {
  const [front = '', back] = ip.replace(/\d+\.[\d.]+$/, toGroups).split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [parse(front), parse(back ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

/** An IPv4 address at the end of one of IPv6. */
function toGroups(ip: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function allOf(prefix: string, read: ReadAddress): OperatorTable {
  return {
    [`${prefix}_ADDRESS`]: address(read),
    [`${prefix}_ADDRESS_WITHOUT_PORT`]: withoutPort(read),
    [`${prefix}_PORT`]: port(read),
  };
}

export const addressOperators: OperatorTable = {
  UPSTREAM_HOST: address((info) => info.upstreamHost),
  ...allOf('UPSTREAM_REMOTE', (info) => info.upstreamHost),
  ...allOf('UPSTREAM_LOCAL', (info) => info.upstreamLocalAddress),
  ...allOf('DOWNSTREAM_REMOTE', (info) => info.downstreamRemoteAddress),
  ...allOf('DOWNSTREAM_DIRECT_REMOTE', (info) => info.downstreamDirectAddress),
  ...allOf('DOWNSTREAM_LOCAL', (info) => info.downstreamLocalAddress),
  ...allOf(
    'DOWNSTREAM_DIRECT_LOCAL',
    (info) => info.downstreamOrigin?.directLocalAddress ?? info.downstreamLocalAddress,
  ),
};
