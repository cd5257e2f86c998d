import type { RequestEncoder, ResponseDecoder } from '../codec.ts';
import type { HeaderMap } from '../header-map.ts';
import { fromUpgradeRequest, isOneProtocol } from './extended-connect.ts';
import { Http2Stream, type StreamOwner } from './http2-stream.ts';
import type { Http2Options } from './options.ts';
import { cancel } from './protocol.ts';

/** What an upgrade has to wait for: whether the server takes extended CONNECT is in its SETTINGS (RFC 8441, 3). */
export type ConnectSupport = 'unknown' | 'yes' | 'no';

/**
 * What a server may send before anybody was asked whether it can be kept. Most answers fit into it; the window of others
 * grows to `initialStreamWindowBytes` as far as the receiver has room.
 */
export const firstWindowBytes = 32 * 1024;

export interface ClientStreamOwner extends StreamOwner {
  readonly options: Http2Options;
  readonly connectSupport: ConnectSupport;
}

/** A method, a target or a host that could stand in a start line too. */
function isWritable(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

/** One request as it goes out, and what hears its answer. Its number is given when its head is written. */
export class Http2ClientStream extends Http2Stream implements RequestEncoder {
  readonly decoder: ResponseDecoder;
  /** The answer's head came; what follows is content or trailers. */
  hasReceivedHead = false;
  informationalCount = 0;
  isHead = false;
  isConnect = false;
  /** What the request asked to upgrade to; empty for nothing. */
  upgrade = '';
  webSocketKey: string | undefined;
  readonly #owner: ClientStreamOwner;

  constructor(owner: ClientStreamOwner, decoder: ResponseDecoder) {
    super(owner, 0, 0, firstWindowBytes);
    this.#owner = owner;
    this.decoder = decoder;
  }

  protected override get receiveWindowBytes(): number {
    const { initialStreamWindowBytes } = this.#owner.options;
    return Math.max(firstWindowBytes, Math.floor(Math.min(initialStreamWindowBytes, this.receiverRoomBytes)));
  }

  override get canSendHead(): boolean {
    return this.upgrade === '' || this.#owner.connectSupport === 'yes';
  }

  encodeHeaders(headers: HeaderMap, endStream: boolean): void {
    if (this.isEnded || this.hasHead) return;
    const method = headers.get(':method') ?? '';
    this.isHead = method === 'HEAD';
    this.isConnect = method === 'CONNECT';
    this.upgrade = headers.get('upgrade') ?? '';
    const authority = headers.get(':authority') ?? '';
    const target = this.isConnect ? authority : (headers.get(':path') ?? '');
    if (
      method === '' ||
      target === '' ||
      !isWritable(method) ||
      !isWritable(target) ||
      !isWritable(authority) ||
      (this.upgrade !== '' && !isOneProtocol(this.upgrade))
    ) {
      this.refuse('local-reset', 'http2.unwritable_request_head', cancel);
      return;
    }
    if (this.upgrade === '')
      this.encodeHead(this.isConnect ? toConnectHead(headers) : headers, endStream, true);
    else if (this.#owner.connectSupport === 'no') this.#refuseUpgrade();
    else this.#encodeUpgrade(headers, endStream);
  }

  /** The server's SETTINGS came. */
  onConnectSupport(): void {
    if (this.isEnded || this.upgrade === '') return;
    if (this.#owner.connectSupport === 'no') this.#refuseUpgrade();
    else this.#owner.send(this);
  }

  /** On a copy, since the owner may send the request again elsewhere. */
  #encodeUpgrade(headers: HeaderMap, endStream: boolean): void {
    this.webSocketKey = headers.get('sec-websocket-key');
    this.encodeHead(fromUpgradeRequest(headers), endStream, true);
  }

  #refuseUpgrade(): void {
    this.refuse('local-reset', 'http2.extended_connect_not_supported', cancel);
  }
}

/**
 * CONNECT names a host and nothing else (RFC 9113, 8.5). `:path` is what its route was found by. On a copy, since the
 * owner may send the request again elsewhere.
 */
function toConnectHead(headers: HeaderMap): HeaderMap {
  const head = headers.clone();
  head.remove(':scheme');
  head.remove(':path');
  return head;
}
