import { describeStats } from '../../stats/describe-stats.ts';

export const secretStats = describeStats(['sds.<secret>.'], (make) => ({
  keyRotationFailed: make.counter(
    'key_rotation_failed',
    'Times that files of the secret had changed, and could not be used.',
  ),
}));

/** Of who uses secrets; counted on the main thread. */
export const secretUserStats = describeStats(
  ['listener.<address>.server_ssl_socket_factory.', 'cluster.<cluster>.client_ssl_socket_factory.'],
  (make) => ({
    updates: make.counter(
      'ssl_context_update_by_sds',
      'Times that a secret of a TLS context came or changed.',
    ),
  }),
);

export const certificateStats = describeStats(
  ['listener.<address>.ssl.certificate.<secret>.', 'cluster.<cluster>.ssl.certificate.<secret>.'],
  (make) => ({
    expiration: make.gauge(
      'expiration_unix_time_seconds',
      'When the certificate of a secret expires, or the first of its authorities; since 1970.',
      's',
    ),
  }),
);
