import type { TlsInspector as TlsInspectorConfig } from '../../../config/model/listener-filters.ts';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import { readClientHello, type ClientHello } from '../../../transport/tls/client-hello.ts';
import type { AcceptedConnection, ListenerFilter, ListenerFilterStatus } from './listener-filter.ts';

export const tlsInspectorStats = describeStats(['tls_inspector.'], (make) => ({
  tooLarge: make.counter(
    'client_hello_too_large',
    'Connections that were closed since their ClientHello did not end.',
  ),
  tlsFound: make.counter('tls_found', 'Connections that begin with a ClientHello.'),
  tlsNotFound: make.counter('tls_not_found', 'Connections that begin with anything else.'),
  alpnFound: make.counter('alpn_found', 'ClientHellos that offer protocols.'),
  alpnNotFound: make.counter('alpn_not_found', 'ClientHellos that offer none.'),
  sniFound: make.counter('sni_found', 'ClientHellos that name a server.'),
  sniNotFound: make.counter('sni_not_found', 'ClientHellos that name none.'),
  bytesProcessed: make.histogram(
    'bytes_processed',
    'Bytes that were looked into, for each connection.',
    'bytes',
  ),
}));

/** Reads the ClientHello of clients that speak TLS; takes nothing. */
export class TlsInspector implements ListenerFilter {
  readonly #config: TlsInspectorConfig;
  readonly #stats: StatsOf<typeof tlsInspectorStats>;

  constructor(config: TlsInspectorConfig, stats: StatsOf<typeof tlsInspectorStats>) {
    this.#config = config;
    this.#stats = stats;
  }

  inspect(accepted: AcceptedConnection): ListenerFilterStatus {
    const { bytes } = accepted;
    const { maxClientHelloBytes, closesOnParsingErrors } = this.#config;
    const stats = this.#stats;
    const reading = readClientHello(bytes);
    switch (reading.kind) {
      case 'incomplete':
        if (bytes.length < maxClientHelloBytes) return 'wait';
        stats.tooLarge.inc();
        stats.bytesProcessed.record(maxClientHelloBytes);
        return 'close';
      case 'none':
        stats.tlsNotFound.inc();
        stats.bytesProcessed.record(bytes.length);
        accepted.clientHello = 'none';
        return closesOnParsingErrors ? 'close' : 'continue';
      case 'hello':
        this.#countHello(reading.hello, reading.byteCount);
        accepted.clientHello = reading.hello;
        return 'continue';
    }
  }

  #countHello({ applicationProtocols, serverName }: ClientHello, byteCount: number): void {
    const stats = this.#stats;
    stats.tlsFound.inc();
    stats.bytesProcessed.record(byteCount);
    (applicationProtocols.length > 0 ? stats.alpnFound : stats.alpnNotFound).inc();
    (serverName === '' ? stats.sniNotFound : stats.sniFound).inc();
  }
}
