import type { Duplex } from 'node:stream';

export type Fields = Readonly<Record<string, string>>;

export interface ClientRequest {
  readonly method: string;
  /** Chooses the upstream. */
  readonly host: string;
  readonly path: string;
  readonly headers?: Fields;
  /** Those that will follow the body. */
  readonly trailers?: Fields;
}

export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Answer extends Head {
  readonly informational: readonly Head[];
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string | string[] | undefined>>;
  /** Whether it ended as it should; a reset or a connection that breaks off leaves it incomplete. */
  readonly isComplete: boolean;
}

/** One request under way. */
export interface ClientCall {
  write(chunk: Buffer): void;
  /** The body's end, and the trailers that were announced. */
  end(): void;
  /** A reset of the stream, or of the connection where that is the same. */
  reset(): void;
  readonly head: Promise<Head>;
  /** Resolves when nothing can come any more, whatever came. Rejects when no head came. */
  readonly answer: Promise<Answer>;
}

/** A client of the proxy; one for each protocol. */
export interface Client {
  /** Sends the head; the rest is up to the call. */
  start(request: ClientRequest): ClientCall;
  /** A WebSocket's byte stream: an upgrade in HTTP/1.1, an extended CONNECT in HTTP/2. */
  openTunnel(host: string, path: string): Promise<Duplex>;
  close(): void;
}
