/** The stream to the management server, as the mux sees it. Bytes in, bytes out; reconnects by itself until stopped. */
export interface AdsTransport {
  start(handler: AdsTransportHandler): void;
  stop(): void;
  /** Only between `onOpen` and `onClose`. */
  send(message: Uint8Array): void;
  /** The server cannot be understood: ends the stream and tries again after the back-off. */
  restart(reason: string): void;
  /** `host:port` of the current or last attempt. */
  readonly address: string;
}

export interface AdsTransportHandler {
  onOpen(): void;
  onMessage(bytes: Uint8Array): void;
  /** The stream ended, or an attempt failed. */
  onClose(): void;
}
