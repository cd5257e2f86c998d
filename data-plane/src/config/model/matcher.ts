/** Envoy's `StringMatcher`. A `regex` is in RE2 syntax and was checked; workers compile it with lang/regex. */
export type StringMatcher =
  | {
      readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains';
      readonly value: string;
      readonly ignoreCase: boolean;
    }
  | { readonly kind: 'regex'; readonly regex: string };

/** Envoy's `HeaderMatcher`. `name` is lower-case. */
export interface HeaderMatcher {
  readonly name: string;
  readonly test:
    | { readonly kind: 'present'; readonly isPresent: boolean }
    | { readonly kind: 'string'; readonly matcher: StringMatcher }
    /** `exact_match: ""` of old: any present value. */
    | { readonly kind: 'range'; readonly start: number; readonly end: number };
  readonly invertMatch: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface QueryParameterMatcher {
  readonly name: string;
  readonly test:
    | { readonly kind: 'present'; readonly isPresent: boolean }
    | { readonly kind: 'string'; readonly matcher: StringMatcher };
}

/** Numerator of a million; what the runtime says is in it already. */
export interface RuntimeFraction {
  readonly perMillion: number;
}
