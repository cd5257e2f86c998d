import { toSystemErrorText } from '../system-error-text.ts';

/** OpenSSL's reasons as Node's error codes have them. */
const openSslCode = /^ERR_SSL_(.+)$/;

/**
 * `TLS_error:|WRONG_VERSION_NUMBER:TLS_error_end`, in the shape of Envoy's transport failure reasons. What is no error
 * of TLS keeps the system's words.
 */
export function toTlsErrorText(error: NodeJS.ErrnoException): string {
  const reason = openSslCode.exec(error.code ?? '')?.[1];
  return reason === undefined ? toSystemErrorText(error) : formatTlsError(reason);
}

export function formatTlsError(reason: string): string {
  return `TLS_error:|${reason}:TLS_error_end`;
}
