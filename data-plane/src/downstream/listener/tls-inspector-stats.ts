import { describeStats, type StatsOf } from '../../stats/describe-stats.ts';

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

export type TlsInspectorStats = StatsOf<typeof tlsInspectorStats>;
