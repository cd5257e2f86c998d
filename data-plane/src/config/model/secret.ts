import type { ResourceSource } from './resource-source.ts';
import type { TlsCertificate, TlsValidation } from './tls.ts';

/** Envoy's `Secret`, decoded and checked. */
export interface Secret {
  readonly name: string;
  readonly value: SecretValue;
  /** Directories in which a file that comes by a rename may be one of the secret's. Empty: it has no files. */
  readonly watchedDirectories: readonly string[];
}

export type SecretValue =
  | { readonly kind: 'tls-certificate'; readonly certificate: TlsCertificate }
  | { readonly kind: 'validation-context'; readonly validation: TlsValidation }
  /** Of 80 bytes each, in base64; the first one encrypts. */
  | { readonly kind: 'session-ticket-keys'; readonly keysBase64: readonly string[] }
  | { readonly kind: 'generic-secret'; readonly secretBase64: string };

export type SecretKind = SecretValue['kind'];

/** A secret that a TLS context names, and where it comes from. */
export interface SecretRef {
  /** Equal for the same secret of the same kind from the same source: it is fetched once. */
  readonly key: string;
  readonly kind: SecretKind;
  readonly name: string;
  readonly source: ResourceSource;
  /** 0 = wait for ever. */
  readonly initialFetchTimeoutMs: number;
}
