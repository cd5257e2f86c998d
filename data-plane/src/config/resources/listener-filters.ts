import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { Listener as ListenerMessage } from '@heddle/shared/xds/api';
import type { FilterChain, Inspection } from '../model/listener.ts';
import type { DecodeContext } from './decode-context.ts';
import { toMsOr } from './scalars.ts';

const tlsInspectorType = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
const httpInspectorType = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';

const defaultTimeoutMs = 15_000;
/** Envoy's most, and its default. */
const maxHelloBytes = 16 * 1024;

/** What is looked for before a filter chain is chosen. Undefined: nothing is. */
export function decodeInspection(
  context: DecodeContext,
  message: ListenerMessage,
  chains: readonly FilterChain[],
  prefix: string,
): Inspection | undefined {
  let inspection: Inspection | undefined;
  const inspectionOf = (maxClientHelloBytes: number, closesOnParsingErrors: boolean): Inspection => ({
    timeoutMs: toMsOr(message.listenerFiltersTimeout, defaultTimeoutMs),
    continuesOnTimeout: message.continueOnListenerFiltersTimeout,
    maxClientHelloBytes,
    closesOnParsingErrors,
  });
  for (const [i, { name, typedConfig }] of message.listenerFilters.entries()) {
    const path = `${prefix}listener_filters[${i}]`;
    const type = toTypeName(typedConfig?.typeUrl ?? '');
    if (typedConfig !== undefined && type === tlsInspectorType) {
      const inspector = context.unpack(tlsInspectorType, typedConfig, `${path}.typed_config`);
      const maxBytes = inspector?.maxClientHelloSize ?? maxHelloBytes;
      if (maxBytes > maxHelloBytes) {
        context.refuse(`${path}.typed_config.max_client_hello_size`, `must not be above ${maxHelloBytes}`);
      }
      inspection = inspectionOf(maxBytes, inspector?.closeConnectionOnClientHelloParsingErrors ?? false);
    } else if (typedConfig !== undefined && type === httpInspectorType) {
      decodeHttpInspector(context, chains, path);
    } else {
      context.refuseType(typedConfig, name, path, [tlsInspectorType, httpInspectorType]);
    }
  }
  if (inspection === undefined) reportUnreachable(context, chains, prefix);
  return inspection;
}

function decodeHttpInspector(context: DecodeContext, chains: readonly FilterChain[], path: string): void {
  if (chains.some(({ match }) => match.applicationProtocols.length > 0)) {
    context.refuse(path, 'is not supported by Heddle yet beside filter chains with application_protocols');
  } else {
    context.ignore(path, 'no filter chain match asks for what it finds out');
  }
}

/** Envoy takes them, and no connection ever comes to them. */
function reportUnreachable(context: DecodeContext, chains: readonly FilterChain[], prefix: string): void {
  for (const [i, chain] of chains.entries()) {
    if (!needsTlsInspector(chain)) continue;
    const reason = 'no connection fits it without the listener filter envoy.filters.listener.tls_inspector';
    context.ignore(`${prefix}filter_chains[${i}].filter_chain_match`, reason);
  }
}

function needsTlsInspector({ match }: FilterChain): boolean {
  const { transportProtocol, serverNames, applicationProtocols } = match;
  if (transportProtocol !== '') return transportProtocol === 'tls';
  return serverNames.length > 0 || applicationProtocols.length > 0;
}
