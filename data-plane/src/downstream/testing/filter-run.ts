import { createFakeClock, type FakeClock } from '@heddle/shared/testing/fake-clock';
import { createSeededRng } from '@heddle/shared/random/rng';
import type { HttpProtocol } from '../../codec/codec.ts';
import { HeaderMap } from '../../codec/header-map.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { HttpFilterChain, type FilterChainOwner } from '../http/http-filter-chain.ts';
import type { DataStatus, DecoderFilterCallbacks, HttpFilterFactory } from '../http/http-filter.ts';
import type { RouteEntry } from '../http/route-entry.ts';
import { StreamInfoRecord } from '../http/stream-info-record.ts';
import { createCountingStats } from './counting-stats.ts';

type Fields = Readonly<Record<string, string>>;

/** What came out of the filters on one side. Bodies in latin1; `pieces` as they came. */
export class Passed {
  headers: HeaderMap | undefined;
  pieces: string[] = [];
  trailers: HeaderMap | undefined;
  hasEnded = false;

  field(name: string): string | undefined {
    return this.headers?.get(name);
  }

  trailer(name: string): string | undefined {
    return this.trailers?.get(name);
  }
}

export interface FilterRunOptions {
  readonly protocol?: HttpProtocol;
  readonly bufferLimitBytes?: number;
  /** Of the route; undefined: there is none. */
  readonly clusterName?: string;
}

/** One stream through filters: what the upstream and the client get of what the other said. */
export class FilterRun {
  readonly upstream = new Passed();
  readonly client = new Passed();
  readonly clock: FakeClock = createFakeClock();
  readonly info: StreamInfoRecord;
  readonly chain: HttpFilterChain;
  /** Of the terminal filter, which says the answer. */
  answer: DecoderFilterCallbacks | undefined;
  readonly #request: HeaderMap;
  clearedRouteCount = 0;

  constructor(
    filters: readonly (readonly [factory: HttpFilterFactory, config?: unknown])[],
    request: Fields,
    { protocol = 'HTTP/1.1', bufferLimitBytes = 1_000_000, clusterName = 'c' }: FilterRunOptions = {},
  ) {
    this.#request = HeaderMap.of({ ':method': 'POST', ':path': '/pkg.Service/Method', ...request });
    this.info = new StreamInfoRecord({
      startedAt: 0,
      startedAtMs: 0,
      protocol,
      connectionId: 1,
      streamId: 1,
      downstreamDirectAddress: { address: '127.0.0.1', port: 1 },
      downstreamLocalAddress: { address: '127.0.0.1', port: 2 },
      randomValue: 0,
      filterChainName: '',
    });
    const wheel = new TimerWheel(this.clock);
    const manager = {} as HttpConnectionManager;
    const context = { manager, stats: createCountingStats(), wheel, rng: createSeededRng(1) };
    const named = filters.map(([factory, config], index) => ({
      name: `f${index}`,
      filter: factory.createFactory(config, context)(),
    }));
    this.chain = new HttpFilterChain(
      this.#owner(wheel, { clusterName } as RouteEntry),
      [...named, { name: 'terminal', filter: { decoder: this.#terminal() } }],
      bufferLimitBytes,
    );
  }

  /** The client's request; with `trailers` they are its end. */
  request(chunks: readonly string[], trailers?: Fields): void {
    this.chain.decodeHeaders(this.#request, chunks.length === 0 && trailers === undefined);
    for (const [index, chunk] of chunks.entries()) {
      const isLast = index === chunks.length - 1 && trailers === undefined;
      this.chain.decodeData(Buffer.from(chunk, 'latin1'), isLast);
    }
    if (trailers !== undefined) this.chain.decodeTrailers(HeaderMap.of(trailers));
  }

  /** The upstream's answer. */
  respond(headers: Fields, chunks: readonly string[], trailers?: Fields): void {
    const hasBody = chunks.length > 0 || trailers !== undefined;
    this.chain.encodeHeaders(HeaderMap.of({ ':status': '200', ...headers }), !hasBody);
    for (const [index, chunk] of chunks.entries()) {
      const isLast = index === chunks.length - 1 && trailers === undefined;
      this.chain.encodeData(Buffer.from(chunk, 'latin1'), isLast);
    }
    if (trailers !== undefined) this.chain.encodeTrailers(HeaderMap.of(trailers));
  }

  #owner(wheel: TimerWheel, route: RouteEntry): FilterChainOwner {
    const { client } = this;
    return {
      streamInfo: this.info,
      wheel,
      requestHeaders: this.#request,
      route: () => route,
      chosenRoute: route,
      onLocalReply: () => undefined,
      onFilterError: (err) => {
        throw err instanceof Error ? err : new Error(String(err));
      },
      clearRouteCache: () => {
        this.clearedRouteCount++;
      },
      writeInformational: () => undefined,
      writeHeaders: (headers, endStream) => {
        client.headers = headers;
        client.hasEnded = endStream;
      },
      writeData: (chunk, endStream) => {
        client.pieces.push(chunk.toString('latin1'));
        client.hasEnded = endStream;
      },
      writeTrailers: (trailers) => {
        client.trailers = trailers;
        client.hasEnded = true;
      },
      roomBytes: Infinity,
      readDisable: () => undefined,
      setWatermarkCallbacks: () => undefined,
      onEncoderBackPressure: () => undefined,
      reset: () => undefined,
    };
  }

  #terminal() {
    const { upstream } = this;
    return {
      setDecoderCallbacks: (callbacks: DecoderFilterCallbacks): void => void (this.answer = callbacks),
      decodeHeaders: (headers: HeaderMap, endStream: boolean) => {
        upstream.headers = headers;
        upstream.hasEnded = endStream;
        return 'stop-iteration' as const;
      },
      decodeData: (chunk: Buffer, endStream: boolean): DataStatus => {
        upstream.pieces.push(chunk.toString('latin1'));
        upstream.hasEnded = endStream;
        return 'stop-no-buffer';
      },
      decodeTrailers: (trailers: HeaderMap) => {
        upstream.trailers = trailers;
        upstream.hasEnded = true;
        return 'stop-iteration' as const;
      },
      onDestroy: () => undefined,
    };
  }
}

/** A gRPC message in its frame, latin1. */
export function frame(message: string, flags = 0): string {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.length, 1);
  return prefix.toString('latin1') + message;
}

/** Cut at every place: each byte is a chunk. */
export function bytewise(text: string): string[] {
  return text.split('');
}
