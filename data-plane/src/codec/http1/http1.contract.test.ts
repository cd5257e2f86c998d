import { testCodecContract } from '../codec.contract.ts';
import { MemoryConnection } from '../testing/memory-connection.ts';
import { createHttp1ClientCodec } from './client-codec.ts';
import { createHttp1ClientOptions, createHttp1ServerOptions } from './options.ts';
import { createHttp1ServerCodec } from './server-codec.ts';
import { Http1Workspace } from './workspace.ts';

testCodecContract('HTTP/1.1', (serverCallbacks, clientCallbacks) => {
  const workspace = new Http1Workspace();
  const serverConnection = new MemoryConnection();
  const clientConnection = new MemoryConnection();
  const server = createHttp1ServerCodec(
    serverConnection,
    serverCallbacks,
    createHttp1ServerOptions(workspace, { enableTrailers: true }),
  );
  const client = createHttp1ClientCodec(
    clientConnection,
    clientCallbacks,
    createHttp1ClientOptions(workspace, { enableTrailers: true }),
  );
  const move = (text: string, chunkBytes: number, target: { dispatch(chunk: Buffer): void }): void => {
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += chunkBytes)
      target.dispatch(bytes.subarray(at, at + chunkBytes));
  };
  return {
    server,
    client,
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
});
