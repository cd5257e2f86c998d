import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Exchange, type Cut, type Wire } from './exchange.ts';
import type { Observation } from './observation.ts';
import type { Rule } from './rule.ts';

/** Ports of one lane of a proxy: what comes in on the first two goes to the third. */
export interface LanePorts {
  readonly port: number;
  /** HTTP/1.0 is switched on here, where the proxy has a switch for it. */
  readonly http10Port: number;
  readonly upstreamPort: number;
}

/** Nothing more happens after so much silence, nearly always. */
export const usualSilenceMs = 150;
/** And after so much, also where the machine is busy. */
export const longSilenceMs = 2_000;
/** So much is enough when the same already happened that happened without a cut. */
const shortSilenceMs = 10;
const closeLimitMs = 2_000;
const afterAnswerMs = 5;

/** One exchange at a time through one lane of a proxy that runs as a process of its own. */
export class SocketLane {
  readonly #ports: LanePorts;
  readonly #server: Server;
  readonly #upstreams = new Set<Socket>();
  #exchange: Exchange | undefined;
  #lastEventMs = 0;
  #pendingWriteCount = 0;
  /** Of all sockets of the lane, so that their order is that of the calls. */
  #lastWrite = Promise.resolve();

  private constructor(ports: LanePorts) {
    this.#ports = ports;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onUpstream(socket));
  }

  static async open(ports: LanePorts): Promise<SocketLane> {
    const lane = new SocketLane(ports);
    lane.#server.listen(ports.upstreamPort, '127.0.0.1');
    await once(lane.#server, 'listening');
    return lane;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#upstreams) socket.destroy();
  }

  /** `isUsual`: that is what was expected, so that the end is not waited for. */
  async run(
    rule: Rule,
    cut: Cut,
    silenceMs: number,
    isUsual?: (seen: Observation) => boolean,
  ): Promise<Observation> {
    const exchange = new Exchange(rule, cut);
    this.#exchange = exchange;
    const port = rule.acceptsHttp10 === true ? this.#ports.http10Port : this.#ports.port;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    await once(socket, 'connect');
    let hasError = false;
    socket.on('data', (chunk: Buffer) => {
      this.#note();
      exchange.onClientData(chunk.toString('latin1'));
    });
    socket.once('error', () => (hasError = true));
    socket.once('end', () => this.#onClientEnd(exchange, false));
    socket.once('close', () => this.#onClientEnd(exchange, hasError));
    // What follows an answer waits for what stands behind that answer: else the two race.
    exchange.attachClient(this.#wireOf(socket, afterAnswerMs));
    const wire = this.#wireOf(socket, 0);
    for (const part of exchange.requestParts) wire.write(part);
    if (rule.endsAfterRequest === true) wire.end();
    this.#note();
    await this.#settle(exchange, silenceMs, isUsual);
    const { observation } = exchange;
    this.#exchange = undefined;
    socket.destroy();
    await this.#closeUpstreams();
    return observation;
  }

  async #settle(
    exchange: Exchange,
    silenceMs: number,
    isUsual?: (seen: Observation) => boolean,
  ): Promise<void> {
    for (;;) {
      await pause(2);
      const quietMs = performance.now() - this.#lastEventMs;
      if (this.#pendingWriteCount > 0) continue;
      if (quietMs > silenceMs) return;
      if (quietMs > shortSilenceMs && isUsual?.(exchange.observation) === true) return;
    }
  }

  /** Gently, so that the proxy learns that nothing can be sent on them before the next rule begins. */
  async #closeUpstreams(): Promise<void> {
    for (const socket of this.#upstreams) socket.end();
    const untilMs = performance.now() + closeLimitMs;
    while (this.#upstreams.size > 0 && performance.now() < untilMs) await pause(1);
    for (const socket of this.#upstreams) socket.destroy();
  }

  #onUpstream(socket: Socket): void {
    const exchange = this.#exchange;
    this.#upstreams.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#upstreams.delete(socket));
    // A proxy that closes its side has no use for the other.
    socket.once('end', () => socket.end());
    if (exchange === undefined) {
      socket.resume();
      return;
    }
    const receive = exchange.connectUpstream(this.#wireOf(socket, 0));
    socket.on('data', (chunk: Buffer) => {
      this.#note();
      receive(chunk.toString('latin1'));
    });
  }

  #onClientEnd(exchange: Exchange, isReset: boolean): void {
    if (!exchange.observation.isClosed) exchange.onClientEnd(isReset);
    this.#note();
  }

  #note(): void {
    this.#lastEventMs = performance.now();
  }

  /** Each part is a segment of its own: the next waits until this one is on its way. */
  #wireOf(socket: Socket, delayMs: number): Wire {
    const enqueue = (act: () => void): void => {
      this.#pendingWriteCount++;
      this.#lastWrite = this.#lastWrite.then(async () => {
        if (delayMs > 0) await pause(delayMs);
        if (!socket.destroyed) act();
        this.#note();
        await pause(0);
        this.#pendingWriteCount--;
      });
    };
    return {
      write: (text) => enqueue(() => socket.write(text, 'latin1')),
      end: () => enqueue(() => socket.end()),
    };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}
