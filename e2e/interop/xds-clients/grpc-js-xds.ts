import { createServer } from 'node:http';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { register, XdsChannelCredentials } from '@grpc/grpc-js-xds';

/**
 * A gRPC client whose channels come from xDS: an HTTP server that makes the calls it is asked for. `PORT`.
 *
 *     GET /call?target=cart&version=v2   calls /heddle.Echo/Unary of xds:///cart with x-version: v2
 *
 * The answer is `{"code": 0, "message": "…"}`: the status of the call, and what came back or why nothing did.
 */
const callLimitMs = 2_000;
const channels = new Map<string, Client>();
const identity = (message: Buffer): Buffer => message;

register();

function channelTo(target: string): Client {
  let channel = channels.get(target);
  if (channel === undefined) {
    // TLS where the cluster says so, with the certificates that the bootstrap names.
    channel = new Client(`xds:///${target}`, new XdsChannelCredentials(credentials.createInsecure()));
    channels.set(target, channel);
  }
  return channel;
}

function call(target: string, version: string): Promise<{ code: number; message: string }> {
  const metadata = new Metadata();
  if (version !== '') metadata.set('x-version', version);
  const deadline = Date.now() + callLimitMs;
  return new Promise((resolve) => {
    channelTo(target).makeUnaryRequest(
      '/heddle.Echo/Unary',
      identity,
      identity,
      Buffer.from('hello'),
      metadata,
      { deadline },
      (error: ServiceError | null, answer?: Buffer) =>
        resolve({ code: error?.code ?? status.OK, message: error?.details ?? answer?.toString() ?? '' }),
    );
  });
}

createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const target = url.searchParams.get('target') ?? '';
  if (url.pathname === '/close') {
    // A channel that is closed gives up what it subscribed to.
    channels.get(target)?.close();
    channels.delete(target);
  }
  if (url.pathname !== '/call') response.end('{}');
  else
    void call(target, url.searchParams.get('version') ?? '').then((answer) =>
      response.end(JSON.stringify(answer)),
    );
}).listen(Number(process.env['PORT']), '127.0.0.1');
