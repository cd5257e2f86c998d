import type { Socket } from 'node:net';
import { WheelTimer, type TimerTarget } from '../time/timer-ring.ts';
import {
  deafHandlers,
  type CloseKind,
  type Connection,
  type ConnectionCloseReason,
  type ConnectionHandlers,
  type ConnectionState,
  type SocketAddress,
} from './connection.ts';
import type { ReadTurn, TurnReader } from './read-turn.ts';
import { SlabPins } from './slab-pins.ts';
import { maxDroppedBytes, type SocketConnectionOptions, type TlsLayer } from './socket-connection-options.ts';
import type { ChunkReceiver, SocketReader } from './socket-reader.ts';
import { toSystemErrorText } from './system-error-text.ts';
import type { TransportContext } from './transport-context.ts';
import { copiedChunkBytes, copiedPieceBytes, maxTickBytes, TurnOutput } from './turn-output.ts';
import type { Flushable } from './write-batch.ts';

const emptyChunk = Buffer.alloc(0);

/**
 * A `Connection` over a `net.Socket` with `allowHalfOpen`, or a TLSSocket, whose `data` is what a reader's pause came
 * too late for. What the socket calls is made once; a read, a gathered write and a flush allocate what Node does.
 */
export class SocketConnection implements Connection, ChunkReceiver, TurnReader, Flushable, TimerTarget {
  readonly id: number;
  readonly isSecure: boolean;
  remoteAddress: SocketAddress;
  localAddress: SocketAddress;
  origin: Connection['origin'] = undefined;
  alpnProtocol = '';
  tls: Connection['tls'] = undefined;
  bytesRead = 0;
  bytesWritten = 0;
  readonly #socket: Socket;
  readonly #tls: TlsLayer | undefined;
  readonly #reader: SocketReader | undefined;
  readonly #context: TransportContext;
  #delayedCloseTimeoutMs: number;
  #handlers: ConnectionHandlers = deafHandlers;
  #state: ConnectionState;
  readonly #output: TurnOutput;
  /** Made when a chunk that was lent is written first. */
  #pins: SlabPins | undefined;
  #isInBatch = false;
  #isShared = false;
  #readDisableCount = 0;
  #isWriteShut = false;
  #hasRemoteEnded = false;
  #writeLimitBytes = 0;
  /** Of what waits for the end of the tick. */
  #tickLimitBytes = Infinity;
  #isAboveHighWatermark = false;
  #isProgressWatched = false;
  /** Bytes that were read before this connection's owner was known, and that it has not had yet. */
  #unread: Buffer | undefined;
  #error: NodeJS.ErrnoException | undefined;
  #closeReason: ConnectionCloseReason | undefined;
  #closeDetail = '';
  /** Connect time-out, later the delayed close. */
  #timer: WheelTimer | undefined;
  #bytesLeftAtTimer = 0;
  #droppedBytes = 0;
  readonly #onWriteProgress = (): void => this.#checkProgress();
  readonly #onChunk = (chunk: Buffer): void => this.receive(chunk);

  constructor(
    socket: Socket,
    context: TransportContext,
    remoteAddress: SocketAddress,
    localAddress: SocketAddress,
    options: SocketConnectionOptions = {},
    reader?: SocketReader,
  ) {
    this.id = context.nextConnectionId();
    this.#socket = socket;
    this.#tls = options.tls;
    this.isSecure = options.tls !== undefined;
    this.#context = context;
    this.#output = new TurnOutput(context.gatherBuffers);
    this.#reader = reader;
    this.remoteAddress = remoteAddress;
    this.localAddress = localAddress;
    this.#delayedCloseTimeoutMs = options.delayedCloseTimeoutMs ?? 1_000;
    this.#state = socket.connecting || this.isSecure ? 'connecting' : 'open';
    reader?.setReceiver(this);
    if (reader === undefined || this.isSecure) socket.on('data', this.#onChunk);
    socket.on('end', () => this.#receiveEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => (this.#error ??= error));
    socket.on('close', () => this.#finish());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get writeBufferedBytes(): number {
    return this.#output.bytes + this.#socket.writableLength;
  }

  get isReadDisabled(): boolean {
    return this.#readDisableCount > 0;
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  setWriteBufferLimit(limitBytes: number): void {
    this.#writeLimitBytes = limitBytes;
    this.#tickLimitBytes = limitBytes === 0 ? Infinity : Math.max(limitBytes, maxTickBytes);
  }

  shareWrites(): void {
    this.#isShared = true;
  }

  setDelayedCloseTimeout(timeoutMs: number): void {
    this.#delayedCloseTimeoutMs = timeoutMs;
  }

  /** Arms the connect time-out; `markConnected` ends it. */
  startConnectTimeout(timeoutMs: number): void {
    this.#context.wheel.schedule((this.#timer ??= new WheelTimer(this)), timeoutMs);
  }

  /** The socket (with its handshake, where it has one) is connected. */
  markConnected(localAddress: SocketAddress, alpnProtocol = '', tls?: Connection['tls']): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.localAddress = localAddress;
    this.alpnProtocol = alpnProtocol;
    this.tls = tls;
    if (this.#timer !== undefined) this.#context.wheel.cancel(this.#timer);
    this.#inBatch(() => {
      if (this.#output.bytes > 0) this.#joinBatch();
      this.#handlers.onConnected?.();
    });
  }

  write(data: Buffer | string): void {
    if ((this.#state !== 'open' && this.#state !== 'connecting') || this.#isWriteShut) return;
    this.bytesWritten += data.length;
    const output = this.#output;
    if (typeof data === 'string') output.addText(data);
    else if (data.length <= copiedChunkBytes) output.addSmall(data);
    else output.addPart(this.#context.readSlabs.lent === undefined ? data : this.#keepLent(data));
    this.#onWritten();
  }

  writeCopy(bytes: Buffer, start: number, end: number): void {
    if ((this.#state !== 'open' && this.#state !== 'connecting') || this.#isWriteShut) return;
    this.bytesWritten += end - start;
    if (end - start <= copiedPieceBytes) this.#output.addPiece(bytes, start, end);
    else this.#output.addPart(Buffer.from(bytes.subarray(start, end)));
    this.#onWritten();
  }

  readDisable(disable: boolean): void {
    if (disable) {
      if (this.#readDisableCount++ === 0 && this.#state === 'open') this.#socket.pause();
    } else if (this.#readDisableCount > 0 && --this.#readDisableCount === 0 && this.#state === 'open') {
      this.#socket.resume();
      if (this.#unread !== undefined) this.unread(this.#unread);
    }
  }

  /** Bytes that were received, and belong to whoever has the handlers now: as soon as reading is not disabled. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0 || this.#state !== 'open') return;
    this.#unread = this.#readDisableCount > 0 ? bytes : undefined;
    if (this.#unread !== undefined) return;
    this.bytesRead -= bytes.length;
    this.receive(bytes);
  }

  /** Gives the socket away, paused, to a layer above it. The handlers hear nothing any more. */
  detach(): Socket {
    this.#state = 'closed';
    this.#handlers = deafHandlers;
    if (this.#timer !== undefined) this.#context.wheel.cancel(this.#timer);
    this.#socket.removeListener('data', this.#onChunk);
    this.#socket.pause();
    return this.#socket;
  }

  /** Called by the reader. */
  waitForTurn(turn: ReadTurn): void {
    if (this.#state !== 'open' || this.#readDisableCount > 0) return;
    this.readDisable(true);
    turn.wait(this);
  }

  resumeReading(): void {
    this.readDisable(false);
  }

  shutdownWrite(): void {
    if (this.#state !== 'open' || this.#isWriteShut) return;
    this.flush();
    this.#isWriteShut = true;
    this.#socket.end();
  }

  close(kind: CloseKind): void {
    if (this.#state === 'closed') return;
    if (kind === 'abort' || this.#state === 'connecting') return this.#abort();
    if (this.#state === 'closing') return;
    this.flush();
    this.#markClosing();
    if (kind === 'flush' || this.#hasRemoteEnded || this.#delayedCloseTimeoutMs === 0) {
      this.#socket.destroySoon();
    } else {
      this.#socket.end();
      // Reading goes on, into nothing: unread bytes would turn the close into a reset.
      this.#readDisableCount = 0;
      this.#socket.resume();
    }
    if (this.#delayedCloseTimeoutMs > 0 && !this.#socket.destroyed) this.#startDelayedClose();
  }

  /** Called by the batch, and before a FIN. */
  flush(): void {
    this.#isInBatch = false;
    if (this.#state !== 'open' || this.#isWriteShut) return;
    const socket = this.#socket;
    // What is encrypted is never taken at once.
    const progress = this.isSecure || socket.writableLength > 0 ? this.#watchProgress() : undefined;
    const text = this.#output.takeText();
    if (text !== '') socket.write(text, 'latin1', progress);
    else if (this.#output.bytes === 0) return;
    else this.#flushBytes(progress);
    if (socket.writableLength > 0) this.#noteBackPressure();
    else this.#onAllSent();
  }

  /** Called by the socket. */
  receive(chunk: Buffer): void {
    this.bytesRead += chunk.length;
    if (this.#state !== 'open') return this.#drop(chunk.length);
    const batch = this.#context.batch;
    batch.enter();
    try {
      this.#handlers.onData(chunk);
    } finally {
      batch.leave();
    }
  }

  onTimer(timer: WheelTimer): void {
    if (this.#state === 'connecting') {
      this.#closeReason = 'connect-timeout';
      this.#closeDetail = 'Connection timed out';
      this.#abort();
      return;
    }
    const leftBytes = this.#socket.writableLength;
    if (leftBytes > 0 && leftBytes < this.#bytesLeftAtTimer) {
      this.#bytesLeftAtTimer = leftBytes;
      this.#context.wheel.schedule(timer, this.#delayedCloseTimeoutMs);
      return;
    }
    this.#handlers.onDelayedCloseTimeout?.();
    this.#socket.destroy();
  }

  #joinBatch(): void {
    this.#isInBatch = true;
    if (this.#isShared) this.#context.batch.addShared(this);
    else this.#context.batch.add(this);
  }

  #onWritten(): void {
    if (this.#state === 'connecting' || this.#output.bytes > this.#tickLimitBytes) this.#checkHighWatermark();
    if (!this.#isInBatch && this.#state === 'open') this.#joinBatch();
  }

  #flushBytes(progress: (() => void) | undefined): void {
    const socket = this.#socket;
    const gathered = this.#output.takeGathered();
    if (gathered !== undefined) {
      socket.write(gathered, progress);
      this.#output.release(socket.writableLength === 0);
      return;
    }
    const parts = this.#output.takeParts();
    socket.cork();
    for (const [index, part] of parts.entries()) {
      // Of a buffer the encoding says nothing.
      socket.write(part, 'latin1', index === parts.length - 1 ? this.#watchProgress() : undefined);
    }
    socket.uncork();
    this.#output.release(socket.writableLength === 0);
  }

  #watchProgress(): () => void {
    this.#isProgressWatched = true;
    return this.#onWriteProgress;
  }

  #onAllSent(): void {
    this.#output.onAllTaken();
    this.#pins?.onSent(this.bytesWritten);
    if (this.#isAboveHighWatermark) this.#checkProgress();
  }

  /** The kernel did not take everything. */
  #noteBackPressure(): void {
    this.#checkHighWatermark();
    // The write in flight was given no callback, since it is rarely needed: an empty one behind it tells its end.
    if (!this.#isProgressWatched) this.#socket.write(emptyChunk, this.#watchProgress());
  }

  #keepLent(chunk: Buffer): Buffer {
    const waitingBytes = this.#state === 'connecting' ? Infinity : this.#socket.writableLength;
    const isWaiting = waitingBytes > (this.isSecure ? maxTickBytes : 0);
    return (this.#pins ??= new SlabPins(this.#context.readSlabs)).keep(chunk, this.bytesWritten, isWaiting);
  }

  #checkHighWatermark(): void {
    if (this.#isAboveHighWatermark || this.#writeLimitBytes === 0) return;
    if (this.writeBufferedBytes <= this.#writeLimitBytes) return;
    this.#isAboveHighWatermark = true;
    this.#handlers.onAboveWriteHighWatermark?.();
  }

  #checkProgress(): void {
    this.#isProgressWatched = false;
    if (this.#state !== 'open') return;
    if (this.#socket.writableLength === 0) this.#output.onAllTaken();
    this.#pins?.onSent(this.bytesWritten - this.writeBufferedBytes);
    if (this.#isAboveHighWatermark && this.writeBufferedBytes <= this.#writeLimitBytes / 2) {
      this.#isAboveHighWatermark = false;
      this.#handlers.onBelowWriteLowWatermark?.();
    }
    // Several writes in flight each have a callback; the last one that is still waited for is enough.
    if (this.#socket.writableLength > 0) this.#isProgressWatched = true;
  }

  #receiveEnd(): void {
    this.#hasRemoteEnded = true;
    if (this.#state === 'closing') this.#socket.destroySoon();
    if (this.#state === 'open') this.#inBatch(() => this.#handlers.onEnd());
  }

  #abort(): void {
    const canReset = this.#state !== 'connecting' && !this.#socket.writableEnded;
    this.#markClosing();
    this.#output.clear();
    this.#pins?.abandon();
    const plainSocket = this.#tls?.plainSocket ?? this.#socket;
    // After a FIN the system refuses to reset, and the handle would stay open for ever. A pipe has no reset.
    if (canReset && plainSocket.remoteFamily !== undefined) plainSocket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #markClosing(): void {
    this.#state = 'closing';
    this.#closeReason ??= this.#hasRemoteEnded ? 'remote' : 'local';
    if (this.#timer !== undefined) this.#context.wheel.cancel(this.#timer);
  }

  #startDelayedClose(): void {
    this.#bytesLeftAtTimer = this.#socket.writableLength;
    this.#context.wheel.schedule((this.#timer ??= new WheelTimer(this)), this.#delayedCloseTimeoutMs);
  }

  #finish(): void {
    const isConnectFailure = this.#state === 'connecting';
    this.#state = 'closed';
    this.#reader?.close();
    this.#pins?.abandon();
    if (this.#timer !== undefined) this.#context.wheel.cancel(this.#timer);
    const lostBy = this.#hasRemoteEnded ? 'remote' : 'local';
    const failure = isConnectFailure ? 'connect-failure' : this.#error === undefined ? lostBy : 'reset';
    const toText = this.#tls?.toErrorText ?? toSystemErrorText;
    if (this.#closeDetail === '' && this.#error !== undefined) this.#closeDetail = toText(this.#error);
    const handlers = this.#handlers;
    this.#handlers = deafHandlers;
    this.#inBatch(() => handlers.onClose(this.#closeReason ?? failure, this.#closeDetail));
  }

  #inBatch(action: () => void): void {
    const { batch } = this.#context;
    batch.enter();
    try {
      action();
    } finally {
      batch.leave();
    }
  }

  /** Of one that is closing. Whoever goes on sending would keep the worker busy until the close is over. */
  #drop(byteCount: number): void {
    if (this.#state !== 'closing' || (this.#droppedBytes += byteCount) <= maxDroppedBytes) return;
    if (this.#readDisableCount++ === 0) this.#socket.pause();
  }
}
