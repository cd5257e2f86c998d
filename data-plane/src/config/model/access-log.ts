import type { HeaderMatcher, RuntimeFraction } from './matcher.ts';

export type AccessLogFormat =
  { readonly kind: 'text'; readonly format: string } | { readonly kind: 'json'; readonly format: JsonFormat };

export interface JsonFormat {
  readonly [key: string]: string | number | boolean | JsonFormat;
}

export type AccessLogFilter =
  | {
      readonly kind: 'status-code' | 'duration';
      readonly op: 'eq' | 'ge' | 'le' | 'ne';
      readonly value: number;
    }
  | { readonly kind: 'not-health-check' }
  | { readonly kind: 'runtime'; readonly fraction: RuntimeFraction }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly AccessLogFilter[] }
  | { readonly kind: 'header'; readonly matcher: HeaderMatcher }
  /** `grpc-status` of the answer, or what stands for its HTTP status; no status is 2. */
  | { readonly kind: 'grpc-status'; readonly statuses: readonly number[]; readonly isExcluding: boolean }
  /** Empty = any flag. */
  | { readonly kind: 'response-flag'; readonly flags: readonly string[] };

/** One access logger. `sink` is a path, or a standard stream. */
export interface AccessLog {
  readonly sink: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stdout' | 'stderr' };
  readonly format: AccessLogFormat;
  readonly omitEmptyValues: boolean;
  readonly filter?: AccessLogFilter;
}
