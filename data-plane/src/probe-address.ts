import { createSocket } from 'node:dgram';
import { createServer, isIPv6, type AddressInfo } from 'node:net';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { formatAddress, isPipe, type Address, type ListenAddress } from './config/model/address.ts';
import { probePipe } from './transport/pipe-server.ts';

/**
 * Finds out whether this process can listen on an address, and which port 0 becomes. Workers bind with
 * `SO_REUSEPORT`, with which a port that another process of ours holds would seem free: so this binds without it,
 * once, before any worker does.
 *
 * @throws HeddleError `port-in-use`
 */
export async function probeAddress(address: ListenAddress): Promise<ListenAddress> {
  if (!isPipe(address)) {
    const probe = address.protocol === 'udp' ? probeUdp : probeTcp;
    return { ...address, ...(await probe(address)) };
  }
  try {
    await probePipe(address);
  } catch (error) {
    throw new HeddleError('port-in-use', describe(address, error as NodeJS.ErrnoException), { cause: error });
  }
  return address;
}

function probeTcp(address: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new HeddleError('port-in-use', describe(address, error), { cause: error }));
    });
    server.listen({ host: address.address, port: address.port, exclusive: true }, () => {
      const bound = server.address() as AddressInfo;
      server.close(() => resolve({ address: address.address, port: bound.port }));
    });
  });
}

function probeUdp(address: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address.address) ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(new HeddleError('port-in-use', describe(address, error), { cause: error }));
    });
    socket.bind({ address: address.address, port: address.port, exclusive: true }, () => {
      const { port } = socket.address();
      socket.close(() => resolve({ address: address.address, port }));
    });
  });
}

function describe(address: Address, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${formatAddress(address)} is in use by another process`;
    case 'EACCES':
      if (isPipe(address)) return `${formatAddress(address)} is in a folder that may not be written to`;
      return `${formatAddress(address)} needs more rights (ports below 1024 are privileged)`;
    case 'EISDIR':
      return `${formatAddress(address)} is a directory`;
    case 'ENOENT':
      return `${formatAddress(address)} is in a folder that does not exist`;
    case 'EADDRNOTAVAIL':
      return `${formatAddress(address)} is not an address of this machine`;
    default:
      return `cannot listen on ${formatAddress(address)}: ${error.message}`;
  }
}
