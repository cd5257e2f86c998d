import type { Socket } from 'node:net';
import { startTcpServer, type UpstreamServer } from '../../src/upstream/testing/upstream-server.ts';
import { flagAck, frameSettings } from '../../src/codec/http2/protocol.ts';
import { buildFrame } from '../../src/codec/http2/testing/build-frame.ts';
import type { Answer } from './exchanges.ts';
import { toHttp1Answer, toHttp2Answer } from './wire-messages.ts';
import { FrameTally, type Tally } from './wire-tally.ts';

/** Answers what comes in turn, and counts it. */
export interface WireUpstream extends UpstreamServer {
  /** From here on; what came before is forgotten. */
  expect(answers: readonly Answer[]): void;
  /** Of all requests since then. */
  readonly received: Tally;
}

export async function startWireUpstream(http: 'http1' | 'http2'): Promise<WireUpstream> {
  let answers: Answer[] = [];
  const received: Tally = { wireBytes: 0, headerBytes: 0 };
  const take = (): Answer => answers.shift() ?? { status: '200', fields: [] };
  const server = await startTcpServer((socket) => {
    if (http === 'http1') serveHttp1(socket, received, take);
    else serveHttp2(socket, received, take);
  });
  return {
    ...server,
    received,
    expect(next) {
      answers = [...next];
      received.wireBytes = 0;
      received.headerBytes = 0;
    },
  };
}

function serveHttp1(socket: Socket, received: Tally, take: () => Answer): void {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    received.wireBytes += chunk.length;
    text += chunk.toString('latin1');
    if (!isWhole(text)) return;
    text = '';
    socket.write(toHttp1Answer(take()), 'latin1');
  });
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = /\r\ncontent-length: (\d+)/.exec(text)?.[1];
  if (text.includes('\r\ntransfer-encoding: chunked')) return /\r\n0\r\n(?:[^\r]+\r\n)*\r\n$/.test(text);
  return text.length === headEnd + 4 + Number(length ?? 0);
}

function serveHttp2(socket: Socket, received: Tally, take: () => Answer): void {
  socket.write(Buffer.concat([buildFrame(frameSettings, 0, 0), buildFrame(frameSettings, flagAck, 0)]));
  const answer = (streamId: number): void => void socket.write(toHttp2Answer(streamId, take()));
  const tally = new FrameTally(true, answer, received);
  socket.on('data', (chunk: Buffer) => tally.add(chunk));
}
