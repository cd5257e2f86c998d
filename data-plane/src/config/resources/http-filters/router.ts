import type { HttpFilterDecoder } from '../http-filter-decoder.ts';

const type = 'envoy.extensions.filters.http.router.v3.Router';

export interface RouterConfig {
  readonly suppressEnvoyHeaders: boolean;
}

/** The terminal filter. */
export const routerDecoder: HttpFilterDecoder = {
  type,
  isTerminal: true,
  decode(context, any, path): RouterConfig {
    return { suppressEnvoyHeaders: context.unpack(type, any, path)?.suppressEnvoyHeaders ?? false };
  },
};
