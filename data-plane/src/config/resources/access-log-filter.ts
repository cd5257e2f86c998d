import type {
  AccessLogFilter as AccessLogFilterMessage,
  ComparisonFilter,
  GrpcStatusFilter_Status,
} from '@heddle/shared/xds/api';
import type { AccessLogFilter } from '../model/access-log.ts';
import type { DecodeContext } from './decode-context.ts';
import { decodeHeaderMatcher } from './matchers.ts';
import { runtimePerMillion, toPerMillion } from './scalars.ts';

/** A status is its place here. */
const grpcStatuses: readonly GrpcStatusFilter_Status[] = [
  ...(['OK', 'CANCELED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND'] as const),
  ...(['ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION'] as const),
  ...(['ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'] as const),
  'UNAUTHENTICATED',
];

const operators = { EQ: 'eq', GE: 'ge', LE: 'le', NE: 'ne' } as const;

/** Undefined: a kind that the support table refused. */
export function decodeAccessLogFilter(
  context: DecodeContext,
  message: AccessLogFilterMessage,
  path: string,
): AccessLogFilter | undefined {
  const { statusCodeFilter, durationFilter, runtimeFilter, headerFilter, responseFlagFilter } = message;
  if (statusCodeFilter?.comparison)
    return { kind: 'status-code', ...toComparison(statusCodeFilter.comparison) };
  if (durationFilter?.comparison) return { kind: 'duration', ...toComparison(durationFilter.comparison) };
  if (message.notHealthCheckFilter) return { kind: 'not-health-check' };
  if (runtimeFilter) {
    const { percentSampled, runtimeKey } = runtimeFilter;
    const byDefault = percentSampled === undefined ? 0 : toPerMillion(percentSampled);
    const perMillion = runtimePerMillion(context.options.runtime, runtimeKey) ?? byDefault;
    return { kind: 'runtime', fraction: { perMillion } };
  }
  for (const kind of ['and', 'or'] as const) {
    const combined = message[`${kind}Filter`];
    if (combined === undefined) continue;
    const filters = combined.filters.flatMap(
      (filter, i) => decodeAccessLogFilter(context, filter, `${path}.${kind}_filter.filters[${i}]`) ?? [],
    );
    return { kind, filters };
  }
  if (headerFilter?.header) {
    return {
      kind: 'header',
      matcher: decodeHeaderMatcher(context, headerFilter.header, `${path}.header_filter.header`),
    };
  }
  if (message.grpcStatusFilter) {
    const { statuses, exclude } = message.grpcStatusFilter;
    return {
      kind: 'grpc-status',
      statuses: statuses.map((name) => grpcStatuses.indexOf(name)),
      isExcluding: exclude,
    };
  }
  return responseFlagFilter === undefined
    ? undefined
    : { kind: 'response-flag', flags: responseFlagFilter.flags };
}

function toComparison({ op, value }: ComparisonFilter): { op: 'eq' | 'ge' | 'le' | 'ne'; value: number } {
  return { op: operators[op], value: value?.defaultValue ?? 0 };
}
