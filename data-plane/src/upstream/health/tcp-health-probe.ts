import type { HealthCheck } from '../../config/model/health-check.ts';
import type { CloseKind, Connection, ConnectionHandlers } from '../../transport/connection.ts';
import type { UpstreamConnector } from '../pool/upstream-connector.ts';
import { networkFailure, probeConnectTimeoutMs, type HealthProbe, type ProbeTarget } from './health-probe.ts';
import type { CheckResult } from './health-state.ts';

export interface TcpProbeOptions {
  readonly checker: Extract<HealthCheck['checker'], { kind: 'tcp' }>;
  readonly reuseConnection: boolean;
  readonly connector: UpstreamConnector;
}

const success: CheckResult = { kind: 'success', isDegraded: false };

/**
 * Without patterns to receive a connection is all that is asked for. Otherwise the patterns must come in order,
 * whatever stands between them; wrong bytes are no failure before the time-out.
 */
export class TcpHealthProbe implements HealthProbe {
  readonly #options: TcpProbeOptions;
  readonly #send: Buffer;
  readonly #receive: readonly Buffer[];
  #connection: TcpProbeConnection | undefined;

  constructor(options: TcpProbeOptions) {
    this.#options = options;
    this.#send = Buffer.from(options.checker.sendHex, 'hex');
    this.#receive = options.checker.receiveHex.map((pattern) => Buffer.from(pattern, 'hex'));
  }

  check(target: ProbeTarget, onResult: (result: CheckResult) => void): void {
    if (this.#connection?.isOpen !== true) {
      const { connector, reuseConnection } = this.#options;
      this.#connection = new TcpProbeConnection(
        connector.connect(target.host, probeConnectTimeoutMs),
        reuseConnection,
      );
    }
    this.#connection.expect(this.#send, this.#receive, onResult);
  }

  abort(): void {
    this.#connection?.abort();
    this.#connection = undefined;
  }
}

class TcpProbeConnection implements ConnectionHandlers {
  isOpen = true;
  readonly #connection: Connection;
  readonly #isReused: boolean;
  #received = Buffer.alloc(0);
  #patterns: readonly Buffer[] = [];
  #onResult: ((result: CheckResult) => void) | undefined;

  constructor(connection: Connection, isReused: boolean) {
    this.#connection = connection;
    this.#isReused = isReused;
    connection.setHandlers(this);
  }

  expect(send: Buffer, patterns: readonly Buffer[], onResult: (result: CheckResult) => void): void {
    this.#received = Buffer.alloc(0);
    this.#patterns = patterns;
    this.#onResult = onResult;
    // The connection owns what it is given; the pattern is sent again at the next check.
    if (patterns.length > 0 && send.length > 0) this.#connection.write(Buffer.from(send));
  }

  abort(): void {
    this.#onResult = undefined;
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#connection.close('abort');
  }

  onConnected(): void {
    if (this.#patterns.length === 0) this.#finish(success, 'flush');
  }

  onData(chunk: Buffer): void {
    if (this.#onResult === undefined) return;
    this.#received = Buffer.concat([this.#received, chunk]);
    if (!containsInOrder(this.#received, this.#patterns)) return;
    this.#finish(success, this.#isReused ? undefined : 'flush');
  }

  onEnd(): void {
    this.#finish(networkFailure, 'flush');
  }

  onClose(): void {
    this.isOpen = false;
    this.#finish(networkFailure);
  }

  /** `closing`: the connection is of no further use. The result comes before what closing brings about. */
  #finish(result: CheckResult, closing?: CloseKind): void {
    const onResult = this.#onResult;
    this.#onResult = undefined;
    if (closing !== undefined) this.isOpen = false;
    onResult?.(result);
    if (closing !== undefined) this.#connection.close(closing);
  }
}

export function containsInOrder(received: Buffer, patterns: readonly Buffer[]): boolean {
  let from = 0;
  for (const pattern of patterns) {
    const at = received.indexOf(pattern, from);
    if (at < 0) return false;
    from = at + pattern.length;
  }
  return true;
}
