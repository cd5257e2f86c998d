import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a network does to the connections through it, open ones and new ones alike, until it is told otherwise. */
export type Fault =
  | { readonly kind: 'none' }
  /** Everything arrives so much later, in order. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Nothing arrives, nothing is lost: what was sent arrives when the fault is over. */
  | { readonly kind: 'stall' }
  /** What is sent is lost, silently; a connection that lost something is reset when the fault is over. */
  | { readonly kind: 'drop' }
  /** One direction ends (FIN), the other goes on. */
  | { readonly kind: 'half-close'; readonly towards: 'client' | 'server' }
  /** RST in both directions. */
  | { readonly kind: 'reset' };

/** A TCP proxy on 127.0.0.1 between any two halves. */
export interface FaultProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connectionCount: number;
  /** Connections that were ever made. */
  readonly connectionTotal: number;
  set(fault: Fault): void;
  /** Ends everything; resolves when the port is free. */
  close(): Promise<void>;
}

export async function startFaultProxy(targetPort: number, targetAddress = '127.0.0.1'): Promise<FaultProxy> {
  const links = new Set<Link>();
  let fault: Fault = { kind: 'none' };
  let connectionTotal = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    connectionTotal += 1;
    const link = new Link(
      client,
      connect({ host: targetAddress, port: targetPort, allowHalfOpen: true }),
      () => links.delete(link),
    );
    links.add(link);
    link.set(fault);
  });
  const port = await listen(server);
  return {
    port,
    get connectionCount() {
      return links.size;
    },
    get connectionTotal() {
      return connectionTotal;
    },
    set(next) {
      fault = next;
      for (const link of [...links]) link.set(next);
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const link of [...links]) link.destroy();
      return closed;
    },
  };
}

/** Two sockets, and what goes between them. */
class Link {
  readonly #halves: readonly [Half, Half];
  readonly #onEnd: () => void;

  constructor(client: Socket, server: Socket, onEnd: () => void) {
    this.#halves = [new Half(client, server), new Half(server, client)];
    this.#onEnd = onEnd;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // Its close follows, with or without an error.
      socket.on('error', () => undefined);
      socket.once('close', (hadError) => (hadError ? this.reset() : this.#endIfClosed()));
    }
  }

  set(fault: Fault): void {
    if (fault.kind === 'reset' || (fault.kind !== 'drop' && this.#halves.some((half) => half.hasLost))) {
      this.reset();
      return;
    }
    const [toServer, toClient] = this.#halves;
    for (const half of this.#halves) half.set(fault);
    if (fault.kind === 'half-close') (fault.towards === 'client' ? toClient : toServer).end();
  }

  reset(): void {
    for (const { from } of this.#halves) {
      // While a FIN is under way the system refuses to reset, and the handle would stay open for ever.
      if (from.writableEnded) from.destroy();
      else from.resetAndDestroy();
    }
    this.#onEnd();
  }

  destroy(): void {
    for (const { from } of this.#halves) from.destroy();
    this.#onEnd();
  }

  #endIfClosed(): void {
    if (this.#halves.every(({ from }) => from.destroyed)) this.#onEnd();
  }
}

/** One direction. */
class Half {
  readonly from: Socket;
  readonly #to: Socket;
  #fault: Fault = { kind: 'none' };
  /** What is on its way, in order. */
  readonly #arrivals: { readonly arrive: () => void; isDue: boolean }[] = [];
  hasLost = false;

  constructor(from: Socket, to: Socket) {
    this.from = from;
    this.#to = to;
    from.on('data', (chunk) => this.#onData(chunk));
    from.once('end', () => this.#later(() => this.#endTo()));
  }

  set(fault: Fault): void {
    this.#fault = fault;
    if (fault.kind === 'stall') this.from.pause();
    else this.from.resume();
  }

  /** The far side hears that nothing more comes; what comes all the same is lost. */
  end(): void {
    this.#to.end();
  }

  #onData(chunk: Buffer): void {
    if (this.#fault.kind === 'drop' || this.#to.writableEnded) {
      this.hasLost ||= this.#fault.kind === 'drop';
      return;
    }
    this.#later(() => {
      if (this.#to.destroyed || this.#to.writableEnded || this.#to.write(chunk)) return;
      this.from.pause();
      this.#to.once('drain', () => {
        if (this.#fault.kind !== 'stall') this.from.resume();
      });
    });
  }

  #endTo(): void {
    if (this.#fault.kind !== 'drop' && !this.#to.destroyed) this.#to.end();
  }

  /** At once when nothing is delayed, and never before what came earlier. */
  #later(arrive: () => void): void {
    const delayMs = this.#fault.kind === 'delay' ? this.#fault.delayMs : 0;
    if (delayMs === 0 && this.#arrivals.length === 0) {
      arrive();
      return;
    }
    const arrival = { arrive, isDue: false };
    this.#arrivals.push(arrival);
    setTimeout(() => {
      arrival.isDue = true;
      while (this.#arrivals[0]?.isDue === true) this.#arrivals.shift()?.arrive();
    }, delayMs);
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => resolve((server.address() as AddressInfo).port));
  });
}
