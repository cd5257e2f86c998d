/** What the HTTP/1.1 codecs cost for one exchange without sockets: `sh tools/node data-plane/bench/http1-codec-bench.ts`. */
import type {
  ResponseDecoder,
  RequestDecoder,
  ResponseEncoder,
  StreamCallbacks,
} from '../src/codec/codec.ts';
import { HeaderMap } from '../src/codec/header-map.ts';
import { createHttp1ClientCodec } from '../src/codec/http1/client-codec.ts';
import { createHttp1ClientOptions, createHttp1ServerOptions } from '../src/codec/http1/options.ts';
import { createHttp1ServerCodec } from '../src/codec/http1/server-codec.ts';
import { CodecWorkspace } from '../src/codec/codec-workspace.ts';
import { MemoryConnection } from '../src/codec/testing/memory-connection.ts';

const requests: Readonly<Record<string, string>> = {
  wrk: 'GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n',
  browser:
    'GET /some/path?with=query&and=more HTTP/1.1\r\nHost: shop.example.test:8080\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\n' +
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef; theme=dark\r\n' +
    'X-Request-Id: 5f0c1c52-6d6f-4f7b-9d55-0f8b2f3f7a11\r\nX-Custom-Tenant: acme\r\n\r\n',
};
const response =
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 24 Nov 2026 06:00:00 GMT\r\nContent-Type: text/plain\r\n' +
  'Content-Length: 12\r\nLast-Modified: Mon, 23 Nov 2026 06:00:00 GMT\r\nConnection: keep-alive\r\n\r\nhello world\n';

const streamCallbacks: StreamCallbacks = {
  onResetStream: () => undefined,
  onAboveWriteHighWatermark: () => undefined,
  onBelowWriteLowWatermark: () => undefined,
};

/** Never flattens nor keeps what is written, so that only the codec is measured. */
class SinkConnection extends MemoryConnection {
  override write(data: Buffer | string): void {
    this.bytesWritten += data.length;
  }
}

/** Parses a request, answers it from a ready header map. */
function measureServer(text: string, iterationCount: number): number {
  const connection = new SinkConnection();
  const answer = HeaderMap.of({ ':status': '200', 'content-type': 'text/plain', 'content-length': '12' });
  const body = Buffer.from('hello world\n');
  const decoder: RequestDecoder & { encoder: ResponseEncoder | undefined } = {
    encoder: undefined,
    decodeHeaders() {
      this.encoder?.encodeHeaders(answer, false);
      this.encoder?.encodeData(body, true);
    },
    decodeData: () => undefined,
    decodeTrailers: () => undefined,
  };
  const codec = createHttp1ServerCodec(
    connection,
    {
      onNewStream(encoder) {
        encoder.setCallbacks(streamCallbacks);
        decoder.encoder = encoder;
        return decoder;
      },
      onProtocolError: (error) => {
        throw new Error(error.details);
      },
      onStreamEnd: () => undefined,
    },
    createHttp1ServerOptions(new CodecWorkspace()),
  );
  const chunk = Buffer.from(text);
  const startedAtMs = performance.now();
  for (let index = 0; index < iterationCount; index++) codec.dispatch(chunk);
  return ((performance.now() - startedAtMs) * 1_000) / iterationCount;
}

/** Writes a request from a ready header map, parses its answer. */
function measureClient(iterationCount: number): number {
  const connection = new SinkConnection();
  const request = HeaderMap.of({
    ':method': 'GET',
    ':path': '/',
    ':authority': 'a.test',
    ':scheme': 'http',
    'user-agent': 'bench',
    'x-request-id': '5f0c1c52-6d6f-4f7b-9d55-0f8b2f3f7a11',
  });
  const decoder: ResponseDecoder = {
    decodeInformational: () => undefined,
    decodeHeaders: () => undefined,
    decodeData: () => undefined,
    decodeTrailers: () => undefined,
  };
  const codec = createHttp1ClientCodec(
    connection,
    {
      onStreamEnd: () => undefined,
      onGoAway: () => undefined,
      onProtocolError: (error) => {
        throw new Error(error.details);
      },
    },
    createHttp1ClientOptions(new CodecWorkspace()),
  );
  const chunk = Buffer.from(response);
  const startedAtMs = performance.now();
  for (let index = 0; index < iterationCount; index++) {
    const encoder = codec.newStream(decoder);
    encoder.setCallbacks(streamCallbacks);
    encoder.encodeHeaders(request, true);
    codec.dispatch(chunk);
  }
  return ((performance.now() - startedAtMs) * 1_000) / iterationCount;
}

const iterationCount = 300_000;
for (const [name, text] of Object.entries(requests)) {
  measureServer(text, iterationCount / 10);
  const microseconds = measureServer(text, iterationCount);
  process.stdout.write(`server, ${name} request (${text.length} bytes): ${microseconds.toFixed(2)} µs\n`);
}
measureClient(iterationCount / 10);
process.stdout.write(
  `client, nginx answer (${response.length} bytes): ${measureClient(iterationCount).toFixed(2)} µs\n`,
);
