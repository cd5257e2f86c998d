import { connect } from 'node:net';
import { SocketAddress } from 'node:net';

/** `closed`, `own` for the addresses of the connection, or those of the header; `bad request`: it was no header. */
export type Verdict = string;

const request = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

/** Sends the pieces of a header and a request. */
export async function askVerdict(port: number, ...pieces: readonly Buffer[]): Promise<Verdict> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  let received = '';
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.includes('\r\n\r\n')) resolve();
    });
    socket.once('close', () => resolve()).once('end', () => resolve());
  });
  const [first = Buffer.alloc(0), ...rest] = pieces;
  if (rest.length === 0) {
    socket.write(Buffer.concat([first, Buffer.from(request)]));
  } else {
    socket.write(first);
    // The reader shall see it on its own, or at least may.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(Buffer.concat([...rest, Buffer.from(request)]));
  }
  await answered;
  const ownPort = socket.localPort ?? 0;
  socket.destroy();
  if (received === '') return 'closed';
  const told = /^told: (\S+) (\S+)/im.exec(received);
  if (told === null) return 'bad request';
  const [source, destination] = [parseAddress(told[1] ?? ''), parseAddress(told[2] ?? '')];
  if (source === `127.0.0.1 ${ownPort}`) return 'own';
  return `${source} > ${destination}`;
}

/** `address:port` with IPv6 in brackets, or `address|port`. */
function parseAddress(text: string): string {
  const [, address = '', port = ''] = /^\[?([^|\]]*?)\]?[:|](\d*)$/.exec(text) ?? [];
  const isIpv6 = address.includes(':');
  return `${isIpv6 ? new SocketAddress({ family: 'ipv6', address }).address : address} ${port || '0'}`;
}

/** Many, a few at a time; in their order. */
export async function askVerdicts(
  port: number,
  headers: readonly (readonly Buffer[])[],
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const lanes = 32;
  for (let at = 0; at < headers.length; at += lanes) {
    const batch = headers.slice(at, at + lanes);
    verdicts.push(...(await Promise.all(batch.map((pieces) => askVerdict(port, ...pieces)))));
  }
  return verdicts;
}
