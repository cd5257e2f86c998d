import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '../../src/upstream/testing/upstream-server.ts';
import { clientPreface, flagAck, frameSettings } from '../../src/codec/http2/protocol.ts';
import { buildFrame } from '../../src/codec/http2/testing/build-frame.ts';
import { FrameTally, type Tally } from './wire-tally.ts';

const opening = Buffer.concat([
  Buffer.from(clientPreface),
  buildFrame(frameSettings, 0, 0),
  buildFrame(frameSettings, flagAck, 0),
]);

/** One connection: sends, reads so many answers, and closes. What came is the tally. */
export async function sendHttp1(
  port: number,
  bytes: string,
  answerCount: number,
  isHead: boolean,
): Promise<Tally> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(bytes, 'latin1');
  await until(() => socket.closed || countAnswers(text, isHead) === answerCount);
  socket.end();
  if (!socket.closed) await once(socket, 'close');
  return { wireBytes: text.length, headerBytes: 0 };
}

/** One stream. Without an answer, `last` goes out when `isForwarded` says that the rest has arrived. */
export async function sendHttp2(
  port: number,
  bytes: Buffer,
  last?: { readonly bytes: Buffer; readonly isForwarded: () => boolean },
): Promise<Tally> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  let hasEnded = last !== undefined;
  const tally = new FrameTally(false, () => (hasEnded = true));
  socket.on('data', (chunk: Buffer) => tally.add(chunk));
  socket.write(Buffer.concat([opening, bytes]));
  await until(() => socket.closed || hasEnded);
  if (last !== undefined) {
    await until(last.isForwarded);
    socket.write(last.bytes);
  }
  socket.end();
  if (!socket.closed) await once(socket, 'close');
  return tally.total;
}

/** Final answers that are whole. */
function countAnswers(text: string, isHead: boolean): number {
  let count = 0;
  for (let at = 0; ;) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd < 0) return count;
    const head = text.slice(at, headEnd);
    at = headEnd + 4;
    const status = head.slice(9, 12);
    if (status.startsWith('1')) continue;
    const length = isHead ? undefined : /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    if (!isHead && head.includes('\r\ntransfer-encoding: chunked')) {
      const last = /(^|\r\n)0\r\n([^\r]+\r\n)*\r\n/.exec(text.slice(at));
      if (last === null) return count;
      at += last.index + last[0].length;
    } else {
      at += Number(length ?? 0);
    }
    if (at > text.length) return count;
    count++;
  }
}
