import { createSecureContext } from 'node:tls';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { toSecureContextOptions } from '../../model/secure-context-options.ts';
import type { TlsCertificate, TlsParameters, TlsValidation } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';

/** OpenSSL has the last word: on the strength of keys and signatures, on lists of revoked certificates. */
export function tryOutTls(
  context: DecodeContext,
  parts: {
    readonly parameters: TlsParameters;
    readonly certificates: readonly TlsCertificate[];
    readonly validation?: TlsValidation | undefined;
  },
  path: string,
): void {
  try {
    createSecureContext(toSecureContextOptions({ preferClientCiphers: false, ...parts }));
  } catch (thrown) {
    context.refuse(path, `OpenSSL refuses it: ${messageOf(thrown)}`);
  }
}
