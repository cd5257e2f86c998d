import type { CidrRange } from './listener.ts';
import type { StringMatcher } from './matcher.ts';

/** Envoy's `RBAC`: what may be done by whom. */
export interface RbacRules {
  readonly action: 'ALLOW' | 'DENY' | 'LOG';
  /** By name, in the order in which they are asked. */
  readonly policies: readonly RbacPolicy[];
}

/** Matches where one of its permissions and one of its principals does. */
export interface RbacPolicy {
  readonly name: string;
  readonly permissions: readonly RbacRule[];
  readonly principals: readonly RbacRule[];
}

/** Envoy's `Permission` or `Principal`. */
export type RbacRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly RbacRule[] }
  | { readonly kind: 'not'; readonly rule: RbacRule }
  /** `direct-remote`: of the socket; `remote`: whom it is forwarded for. */
  | { readonly kind: 'address'; readonly of: 'local' | 'direct-remote' | 'remote'; readonly range: CidrRange }
  /** Of the local address: from `start` to below `end`. */
  | { readonly kind: 'destination-port'; readonly start: number; readonly end: number }
  | { readonly kind: 'requested-server-name'; readonly matcher: StringMatcher }
  /** A connection with TLS; with a matcher, one of the names in the client's certificate. */
  | { readonly kind: 'authenticated'; readonly matcher?: StringMatcher };
