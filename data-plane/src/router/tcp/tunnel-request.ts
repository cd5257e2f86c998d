import { HeaderMap } from '../../codec/header-map.ts';
import type { Tunneling } from '../../config/model/tcp-proxy.ts';
import { compileFormat, type CompiledFormat } from '../../downstream/http/access-log/compile-format.ts';
import type { StreamInfo } from '../../downstream/http/stream-info.ts';
import { toLatin1Text } from '../../lang/latin1.ts';
import { applyHeaderChanges, compileRequestChanges, type HeaderChanges } from '../header-mutation.ts';

/** Of an upstream that gets the bytes as they are; no codec writes it. */
const plainHead = HeaderMap.of({ ':method': 'CONNECT', ':authority': '' });

/** The head of the request that carries a connection. */
export class TunnelRequest {
  readonly #tunneling: Tunneling | undefined;
  readonly #hostname: CompiledFormat | undefined;
  readonly #changes: HeaderChanges | undefined;

  /** @throws InvalidInputError for formats that do not compile */
  constructor(tunneling: Tunneling | undefined) {
    this.#tunneling = tunneling;
    if (tunneling === undefined) return;
    this.#hostname = compileFormat(toLatin1Text(tunneling.hostname));
    this.#changes = compileRequestChanges({
      requestAdd: tunneling.headersToAdd,
      requestRemove: [],
      responseAdd: [],
      responseRemove: [],
    });
  }

  get isTunneled(): boolean {
    return this.#tunneling !== undefined;
  }

  createHead(streamInfo: StreamInfo): HeaderMap {
    if (this.#tunneling === undefined || this.#hostname === undefined) return plainHead;
    const { method, path } = this.#tunneling;
    const context = {
      streamInfo,
      requestHeaders: undefined,
      responseHeaders: undefined,
      responseTrailers: undefined,
    };
    const head = HeaderMap.of({
      ':method': method,
      ':authority': this.#hostname.format(context, ''),
      ...(method === 'POST' ? { ':path': path, ':scheme': 'http' } : {}),
    });
    if (this.#changes !== undefined) applyHeaderChanges([this.#changes], head, context);
    return head;
  }
}
