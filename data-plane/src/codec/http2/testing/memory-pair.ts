import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createSeededRng } from '@heddle/shared/random/rng';
import type { CodecPair } from '../../codec.contract.ts';
import type { ClientCodecCallbacks, ServerCodec, ServerCodecCallbacks } from '../../codec.ts';
import { FieldNameTable } from '../../http1/field-name.ts';
import { MemoryConnection } from '../../testing/memory-connection.ts';
import { createHttp2ClientCodec, type Http2ClientCodec } from '../client-codec.ts';
import { createHttp2Options, type GivenHttp2Options, type Http2Options } from '../options.ts';
import { createHttp2ServerCodec } from '../server-codec.ts';

/** Options of one worker whose time stands still. */
export function createTestOptions(given: GivenHttp2Options = {}): Http2Options {
  const workspace = { names: new FieldNameTable(), clock: createFakeClock(), rng: createSeededRng(1) };
  return createHttp2Options(workspace, given);
}

export interface Http2Pair extends CodecPair {
  readonly client: Http2ClientCodec;
  readonly server: ServerCodec;
  readonly clientConnection: MemoryConnection;
  readonly serverConnection: MemoryConnection;
}

export interface PairOptions {
  readonly server?: GivenHttp2Options;
  readonly client?: GivenHttp2Options;
  readonly bufferLimitBytes?: number;
}

/** Both halves, joined in memory. */
export function createPair(
  serverCallbacks: ServerCodecCallbacks,
  clientCallbacks: ClientCodecCallbacks,
  options: PairOptions = {},
): Http2Pair {
  const bufferLimitBytes = options.bufferLimitBytes ?? 1024 * 1024;
  const serverConnection = new MemoryConnection();
  const clientConnection = new MemoryConnection();
  const server = createHttp2ServerCodec(
    serverConnection,
    serverCallbacks,
    createTestOptions(options.server),
    bufferLimitBytes,
  );
  const client = createHttp2ClientCodec(
    clientConnection,
    clientCallbacks,
    createTestOptions(options.client),
    bufferLimitBytes,
  );
  return {
    server,
    client,
    serverConnection,
    clientConnection,
    deliver(chunkBytes = 65_536) {
      for (;;) {
        const up = clientConnection.takeWritten();
        const down = serverConnection.takeWritten();
        if (up === '' && down === '') return;
        move(up, chunkBytes, server);
        move(down, chunkBytes, client);
      }
    },
    breakConnection() {
      server.onClose('broken');
      client.onClose('broken');
    },
  };
}

function move(text: string, chunkBytes: number, target: { dispatch(chunk: Buffer): void }): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += chunkBytes) target.dispatch(bytes.subarray(at, at + chunkBytes));
}
