import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { findPeer } from '@heddle/shared/testing/peers';
import { benchHost, maxStreams } from '../proxies/proxy.ts';
import { loadCore, type Stage } from '../stage.ts';
import { waitForAnswer } from './wait-for-answer.ts';

/** A program that speaks HTTP/2 only, and the files that it answers with; each can be a request's body as well. */
export interface Http2Upstream {
  readonly port: number;
  /** A gRPC message of five bytes. Every answer ends with `grpc-status: 0`. */
  readonly message: Http2File;
  /** 1 MiB. */
  readonly large: Http2File;
}

export interface Http2File {
  readonly path: string;
  readonly file: string;
}

const mebibyte = 1024 * 1024;
const windowBits = 24;

/** nghttpd on the load core. It answers a POST as a GET, and `/` with a few bytes. */
export async function startHttp2Upstream(stage: Stage, folder: string): Promise<Http2Upstream> {
  const program = findPeer('nghttpd');
  if (program === undefined) throw new Error('the upstream needs nghttpd (apt-get install nghttp2-server)');
  const port = await findFreePort();
  const root = path.join(folder, 'http2-upstream');
  mkdirSync(root, { recursive: true });
  const write = (name: string, content: Buffer | string): Http2File => {
    const file = path.join(root, name);
    writeFileSync(file, content);
    return { path: `/${name}`, file };
  };
  write('index.html', 'hello from the upstream\n');
  const message = write('message.grpc', '\0\0\0\0\x05hello');
  const large = write('large.bin', Buffer.alloc(mebibyte, 'y'));
  const types = path.join(folder, 'http2-upstream.types');
  writeFileSync(types, 'application/grpc grpc\ntext/html html\n');
  stage.start('upstream', loadCore, [
    ...[program, '--no-tls', '--address=127.0.0.1', `--htdocs=${root}`, `--mime-types-file=${types}`],
    ...[`--max-concurrent-streams=${maxStreams}`, '--trailer=grpc-status: 0'],
    ...[`--window-bits=${windowBits}`, `--connection-window-bits=${windowBits}`, String(port)],
  ]);
  await waitForAnswer(port, benchHost, 10_000, { isHttp2: true });
  return { port, message, large };
}
