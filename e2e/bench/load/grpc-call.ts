import { readFileSync } from 'node:fs';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { benchHost } from '../proxies/proxy.ts';
import type { Http2File } from './http2-upstream.ts';

export const grpcHeaders = { 'content-type': 'application/grpc', te: 'trailers' };

/** One call of the upstream through a proxy. Throws unless the answer's trailers say that all went well. */
export async function checkGrpcCall(port: number, { path, file }: Http2File): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const trailers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      session.once('error', reject);
      session
        .request({ ':method': 'POST', ':path': path, ':authority': benchHost, ...grpcHeaders })
        .once('trailers', resolve)
        .once('error', reject)
        .once('close', () => reject(new Error('the answer of a gRPC call has no trailers')))
        .resume()
        .end(readFileSync(file));
    });
    if (trailers['grpc-status'] !== '0')
      throw new Error(`a gRPC call ended with status ${String(trailers['grpc-status'])}`);
  } finally {
    session.destroy();
  }
}
