import { testCodecContract } from '../codec.contract.ts';
import { joinCodecs } from '../testing/join-codecs.ts';
import { MemoryConnection } from '../testing/memory-connection.ts';
import { createHttp1ClientCodec } from './client-codec.ts';
import { createHttp1ClientOptions, createHttp1ServerOptions } from './options.ts';
import { createHttp1ServerCodec } from './server-codec.ts';
import { CodecWorkspace } from '../codec-workspace.ts';

testCodecContract('HTTP/1.1', (serverCallbacks, clientCallbacks) => {
  const workspace = new CodecWorkspace();
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
  return joinCodecs(
    { codec: client, connection: clientConnection },
    { codec: server, connection: serverConnection },
  );
});
