import type { HeaderKeyFormat } from '../../config/model/http-connection-manager.ts';
import type { HeadLimits } from './head-parser.ts';
import type { RequestRules } from './request-parser.ts';
import type { CodecWorkspace } from '../codec-workspace.ts';

/** What both halves have. Made once for a filter chain or a cluster, shared by its connections. */
export interface Http1Options extends HeadLimits {
  /** Start line, fields and their line ends. */
  readonly maxHeadBytes: number;
  readonly maxFieldCount: number;
  /** Trailers are handed on and written; otherwise they are parsed and dropped. */
  readonly enableTrailers: boolean;
  /** Chunk extensions of one body, together. */
  readonly maxChunkExtensionBytes: number;
  readonly headerKeyFormat: HeaderKeyFormat | undefined;
  readonly workspace: CodecWorkspace;
}

export interface Http1ServerOptions extends Http1Options, RequestRules {}

export type Http1ClientOptions = Http1Options;

type GivenOptions<T extends Http1Options> = {
  readonly [K in Exclude<keyof T, 'workspace'>]?: T[K] | undefined;
};

/**
 * Envoy's defaults: `max_request_headers_kb` 60, `max_headers_count` 100, `accept_http_10`, `enable_trailers` and
 * `allow_custom_methods` off. `workspace` is the worker's.
 */
export function createHttp1ServerOptions(
  workspace: CodecWorkspace,
  given: GivenOptions<Http1ServerOptions> = {},
): Http1ServerOptions {
  return Object.freeze({
    maxHeadBytes: given.maxHeadBytes ?? 60 * 1024,
    maxFieldCount: given.maxFieldCount ?? 100,
    enableTrailers: given.enableTrailers ?? false,
    maxChunkExtensionBytes: given.maxChunkExtensionBytes ?? 16 * 1024,
    scheme: given.scheme ?? 'http',
    acceptHttp10: given.acceptHttp10 ?? false,
    defaultHostForHttp10: given.defaultHostForHttp10 ?? '',
    allowCustomMethods: given.allowCustomMethods ?? false,
    allowChunkedLength: given.allowChunkedLength ?? false,
    headerKeyFormat: given.headerKeyFormat,
    workspace,
  });
}

/** As `createHttp1ServerOptions`; heads of answers may have 80 KiB, as Envoy takes them. */
export function createHttp1ClientOptions(
  workspace: CodecWorkspace,
  given: GivenOptions<Http1ClientOptions> = {},
): Http1ClientOptions {
  return Object.freeze({
    maxHeadBytes: given.maxHeadBytes ?? 80 * 1024,
    maxFieldCount: given.maxFieldCount ?? 100,
    enableTrailers: given.enableTrailers ?? false,
    maxChunkExtensionBytes: given.maxChunkExtensionBytes ?? 16 * 1024,
    headerKeyFormat: given.headerKeyFormat,
    workspace,
  });
}
