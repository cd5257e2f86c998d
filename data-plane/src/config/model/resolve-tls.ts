import type { SecretRef, SecretValue } from './secret.ts';
import type { TlsCertificate, TlsSecrets, TlsValidation } from './tls.ts';

interface ContextWithSecrets {
  readonly certificates: readonly TlsCertificate[];
  readonly validation?: TlsValidation;
  readonly secrets?: TlsSecrets;
}

/** Every secret that a context waits for. */
export function secretsOf({ secrets }: Pick<ContextWithSecrets, 'secrets'>): readonly SecretRef[] {
  if (secrets === undefined) return [];
  const { certificates, validation, sessionTicketKeys } = secrets;
  return [...certificates, ...[validation, sessionTicketKeys].filter((ref) => ref !== undefined)];
}

/** The context with its secrets in it; undefined while one of them is missing. `valueOf` gives a secret by its key. */
export function resolveTls<T extends ContextWithSecrets>(
  tls: T,
  valueOf: (key: string) => SecretValue | undefined,
): T | undefined {
  if (tls.secrets === undefined) return tls;
  const certificates: TlsCertificate[] = [];
  for (const { key } of tls.secrets.certificates) {
    const value = valueOf(key);
    if (value?.kind !== 'tls-certificate') return undefined;
    certificates.push(value.certificate);
  }
  const keys = tls.secrets.sessionTicketKeys && valueOf(tls.secrets.sessionTicketKeys.key);
  if (tls.secrets.sessionTicketKeys !== undefined && keys?.kind !== 'session-ticket-keys') return undefined;
  const resolved = {
    ...tls,
    certificates: tls.secrets.certificates.length > 0 ? certificates : tls.certificates,
    ...(keys?.kind === 'session-ticket-keys' ? { sessionTicketKeysBase64: keys.keysBase64 } : {}),
  };
  if (tls.secrets.validation === undefined) return resolved;
  const value = valueOf(tls.secrets.validation.key);
  if (value?.kind !== 'validation-context') return undefined;
  return { ...resolved, validation: mergeValidation(tls.validation, value.validation) };
}

/** As protobuf merges messages: what `dynamic` sets wins, and its lists come after those of `base`. */
export function mergeValidation(base: TlsValidation | undefined, dynamic: TlsValidation): TlsValidation {
  if (base === undefined) return dynamic;
  return {
    ...base,
    ...dynamic,
    subjectAltNames: [...base.subjectAltNames, ...dynamic.subjectAltNames],
    certificateHashes: [...base.certificateHashes, ...dynamic.certificateHashes],
    spkiHashes: [...base.spkiHashes, ...dynamic.spkiHashes],
  };
}

/** Undefined: nothing is wrong with it as a whole. What is said of one part may be made good by the other. */
export function problemOfValidation(validation: TlsValidation): string | undefined {
  if (validation.trustedCaPem !== undefined || validation.trustDomains !== undefined) return undefined;
  if (validation.subjectAltNames.length > 0) return 'is missing: without it anybody can have any name';
  if (validation.isExpiryIgnored === true) return 'is missing: without it validity is never looked at';
  return validation.crlPem === undefined ? undefined : 'is missing: a list of revoked certificates needs it';
}
