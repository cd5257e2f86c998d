import type { MessageInit } from '@heddle/shared/xds/message-init';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@heddle/shared/xds/api';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { AdsTransport, AdsTransportHandler } from '../ads-transport.ts';

/** A management server without a network: tests say when it connects, answers and goes. */
export class ScriptedTransport implements AdsTransport {
  readonly #api: XdsApi;
  readonly #sent: Uint8Array[] = [];
  #handler: AdsTransportHandler | undefined;
  readonly address = 'test:1';
  restartReason = '';

  constructor(api: XdsApi) {
    this.#api = api;
  }

  start(handler: AdsTransportHandler): void {
    this.#handler = handler;
  }

  stop(): void {
    this.#handler = undefined;
  }

  send(message: Uint8Array): void {
    this.#sent.push(message);
  }

  restart(reason: string): void {
    this.restartReason = reason;
  }

  open(): void {
    this.#handler?.onOpen();
  }

  close(): void {
    this.#handler?.onClose();
  }

  sendBytes(bytes: Uint8Array): void {
    this.#handler?.onMessage(bytes);
  }

  respond(response: MessageInit<DiscoveryResponse>): void {
    this.sendBytes(this.#api.encode('envoy.service.discovery.v3.DiscoveryResponse', response));
  }

  respondDelta(response: MessageInit<DeltaDiscoveryResponse>): void {
    this.sendBytes(this.#api.encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', response));
  }

  /** What was sent over a lost stream. */
  discard(): void {
    this.#sent.length = 0;
  }

  /** The requests since the last call. */
  takeRequests(): DiscoveryRequest[] {
    return this.#sent
      .splice(0)
      .map((bytes) => this.#api.decode('envoy.service.discovery.v3.DiscoveryRequest', bytes));
  }

  takeDeltaRequests(): DeltaDiscoveryRequest[] {
    return this.#sent
      .splice(0)
      .map((bytes) => this.#api.decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes));
  }
}
