import { readDataSource } from '../data-source.ts';
import type { NetworkFilterDecoder } from './network-filter-decoder.ts';

const echoType = 'envoy.extensions.filters.network.echo.v3.Echo';
const directResponseType = 'envoy.extensions.filters.network.direct_response.v3.Config';

export const echoDecoder: NetworkFilterDecoder = {
  type: echoType,
  isTerminal: true,
  decode(context, config, path) {
    context.unpack(echoType, config, path);
    return { kind: 'echo' };
  },
};

export const directResponseDecoder: NetworkFilterDecoder = {
  type: directResponseType,
  isTerminal: true,
  decode(context, config, path) {
    const response = context.unpack(directResponseType, config, path)?.response;
    const body =
      response === undefined ? '' : readDataSource(context, response, `${path}.response`).toString('latin1');
    return { kind: 'direct-response', body };
  },
};
