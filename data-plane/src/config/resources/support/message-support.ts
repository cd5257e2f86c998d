/**
 * Which fields of one message Heddle implements. A field that is set and stands in none of the lists is refused with
 * its path: what could affect routing, security or time-outs is never passed over in silence.
 */
export interface MessageSupport {
  /** Proto names. */
  readonly supported: readonly string[];
  /** Supported with these values only. */
  readonly only?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  /** Accepted, listed and without effect: field → why that does no harm. */
  readonly ignored?: Readonly<Record<string, string>>;
  /** Fields whose message is judged by another row than that of its type: field → name of the row. */
  readonly rows?: Readonly<Record<string, string>>;
}

/** Full message name (or a name that `rows` gives) → what is supported. */
export type SupportTable = Readonly<Record<string, MessageSupport>>;

/** Messages without a row of their own that are taken whole: they are values rather than settings. */
export function isPlainValue(typeName: string): boolean {
  return typeName.startsWith('google.protobuf.') || plainValues.has(typeName);
}

const plainValues: ReadonlySet<string> = new Set([
  'envoy.config.core.v3.Locality',
  'envoy.config.core.v3.CidrRange',
  'envoy.config.core.v3.RuntimeFractionalPercent',
  'envoy.config.core.v3.AggregatedConfigSource',
  'envoy.type.v3.Percent',
  'envoy.type.v3.FractionalPercent',
  'envoy.type.v3.Int32Range',
  'envoy.type.v3.Int64Range',
]);

export const harmless = {
  statistics: 'only affects statistics',
  loadReports:
    'only affects load reports, which go to the server of load_stats_config and are about requests',
  tracing: 'only affects tracing, and no spans are reported yet',
  metadata: 'only extensions read it, and none that does is supported',
  rateLimit: 'only the rate limit filter reads it, and that filter is refused',
  cors: 'only the CORS filter reads it, and that filter is refused',
  runtimeKey: 'the runtime does not override this value: the default stands',
} as const;
