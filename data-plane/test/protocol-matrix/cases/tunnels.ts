import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Case, Cell } from '../cell.ts';

async function open(cell: Cell): Promise<readonly [client: Duplex, server: Duplex]> {
  const ends = await Promise.all([cell.client.openTunnel(cell.host, '/chat'), cell.upstream.nextTunnel()]);
  for (const stream of ends) stream.on('error', () => undefined);
  return ends;
}

async function receive(stream: Duplex, byteCount: number): Promise<string> {
  let text = '';
  while (text.length < byteCount) text += String((await once(stream, 'data'))[0]);
  return text;
}

/** Whether a half can end alone is up to the protocols; that one end takes the other with it is not. */
function ended(stream: Duplex): Promise<unknown> {
  return new Promise((resolve) => stream.resume().once('end', resolve).once('close', resolve));
}

const leavingClient: Case = {
  name: 'a WebSocket whose client goes',
  async run(cell) {
    const [client, server] = await open(cell);
    client.write('to the server');
    assert.equal(await receive(server, 13), 'to the server');
    server.write('to the client');
    assert.equal(await receive(client, 13), 'to the client');
    client.destroy();
    await ended(server);
    server.destroy();
  },
};

const leavingServer: Case = {
  name: 'a WebSocket whose server goes',
  async run(cell) {
    const [client, server] = await open(cell);
    server.destroy();
    await ended(client);
    client.destroy();
  },
};

export const tunnels: readonly Case[] = [leavingClient, leavingServer];
