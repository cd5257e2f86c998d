import { connect as connectSocket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { MatchCase, Opening, Visit } from './match-case.ts';

/** The name of the chain that answers, or that the connection was closed. */
export async function makeVisit(port: number, visit: Visit): Promise<string> {
  const opening = await openingBytes(visit.opening);
  const socket = connectSocket({ port, host: '127.0.0.1', localAddress: visit.directAddress });
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.write(Buffer.concat([proxyLine(visit), opening]));
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  socket.destroy();
  return received === '' ? 'closed' : received;
}

function proxyLine({ sourceAddress, sourcePort, destinationAddress, destinationPort }: Visit): Buffer {
  const family = sourceAddress.includes(':') ? 'TCP6' : 'TCP4';
  const fields = [family, sourceAddress, destinationAddress, sourcePort, destinationPort];
  return Buffer.from(`PROXY ${fields.join(' ')}\r\n`);
}

function openingBytes(opening: Opening): Promise<Buffer> | Buffer {
  if (opening.kind === 'plain') return Buffer.from(opening.text, 'latin1');
  const { serverName, applicationProtocols } = opening;
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connectTls({
      socket: wire,
      ...(serverName === '' ? {} : { servername: serverName }),
      ...(applicationProtocols.length === 0 ? {} : { ALPNProtocols: [...applicationProtocols] }),
    }).on('error', () => undefined);
  });
}

/** All connections of all cases, a few at a time; in their order. `portOf`: where the case's listener is. */
export async function makeVisits(
  cases: readonly MatchCase[],
  portOf: (name: string) => Promise<number>,
): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const { name, visits } of cases) {
    const port = await portOf(name);
    outcomes.push(...(await Promise.all(visits.map((visit) => makeVisit(port, visit)))));
  }
  return outcomes;
}
