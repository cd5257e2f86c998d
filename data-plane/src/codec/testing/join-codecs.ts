import type { CodecPair } from '../codec.contract.ts';
import type { ClientCodec, ServerCodec } from '../codec.ts';
import type { MemoryConnection } from './memory-connection.ts';

/** One half, and the connection that it writes to. */
export interface CodecEnd<Codec> {
  readonly codec: Codec;
  readonly connection: MemoryConnection;
}

/** Two halves whose bytes reach each other when they are told to. */
export function joinCodecs<Client extends ClientCodec>(
  client: CodecEnd<Client>,
  server: CodecEnd<ServerCodec>,
): CodecPair & { readonly client: Client } {
  return {
    server: server.codec,
    client: client.codec,
    deliver(chunkBytes = 65_536) {
      for (;;) {
        const up = client.connection.takeWritten();
        const down = server.connection.takeWritten();
        if (up === '' && down === '') return;
        move(up, chunkBytes, server.codec);
        move(down, chunkBytes, client.codec);
      }
    },
    breakConnection() {
      server.codec.onClose('broken');
      client.codec.onClose('broken');
    },
  };
}

function move(text: string, chunkBytes: number, target: { dispatch(chunk: Buffer): void }): void {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += chunkBytes) target.dispatch(bytes.subarray(at, at + chunkBytes));
}
