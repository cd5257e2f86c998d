import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { Clock } from '@heddle/shared/time/clock';
import { createSeededRng } from '@heddle/shared/random/rng';
import type { CodecPair } from '../../codec.contract.ts';
import type { ClientCodecCallbacks, ServerCodecCallbacks } from '../../codec.ts';
import { ChunkPool } from '../send-queue.ts';
import { FieldNameTable } from '../../http1/field-name.ts';
import { joinCodecs } from '../../testing/join-codecs.ts';
import { MemoryConnection } from '../../testing/memory-connection.ts';
import { createHttp2ClientCodec, type Http2ClientCodec } from '../client-codec.ts';
import { createHttp2Options, type GivenHttp2Options, type Http2Options } from '../options.ts';
import { createHttp2ServerCodec } from '../server-codec.ts';

/** Options of one worker whose time stands still. */
export function createTestOptions(
  given: GivenHttp2Options = {},
  clock: Clock = createFakeClock(),
): Http2Options {
  const workspace = {
    names: new FieldNameTable(),
    chunks: new ChunkPool(),
    clock,
    rng: createSeededRng(1),
  };
  return createHttp2Options(workspace, given);
}

export interface Http2Pair extends CodecPair {
  readonly client: Http2ClientCodec;
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
    ...joinCodecs(
      { codec: client, connection: clientConnection },
      { codec: server, connection: serverConnection },
    ),
    serverConnection,
    clientConnection,
  };
}
