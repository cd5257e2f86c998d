import type { AccessLogFilter } from '../../../config/model/access-log.ts';
import { CompiledHeaderMatcher } from '../../../lang/header-matcher.ts';
import { grpcStatusOf } from '../grpc-status.ts';
import type { FormatContext } from './format-operator.ts';

const unknownStatus = 2;

/** Whether a stream that ended is logged. */
export type LogPredicate = (context: FormatContext) => boolean;

/** Compiles the filter of an access log; no filter logs everything. */
export function compileLogFilter(filter: AccessLogFilter | undefined): LogPredicate {
  if (filter === undefined) return () => true;
  switch (filter.kind) {
    case 'status-code':
      return ({ streamInfo }) => compare(streamInfo.responseStatus, filter.op, filter.value);
    case 'duration':
      return ({ streamInfo }) => {
        const durationMs = Math.floor(
          (streamInfo.endedMs ?? streamInfo.startedAtMs) - streamInfo.startedAtMs,
        );
        return compare(durationMs, filter.op, filter.value);
      };
    case 'not-health-check':
      return ({ streamInfo }) => !streamInfo.isHealthCheck;
    case 'runtime':
      return ({ streamInfo }) => streamInfo.randomValue % 1_000_000 < filter.fraction.perMillion;
    case 'and': {
      const predicates = filter.filters.map(compileLogFilter);
      return (context) => predicates.every((predicate) => predicate(context));
    }
    case 'or': {
      const predicates = filter.filters.map(compileLogFilter);
      return (context) => predicates.some((predicate) => predicate(context));
    }
    case 'header': {
      const matcher = new CompiledHeaderMatcher(filter.matcher);
      return ({ requestHeaders }) => requestHeaders !== undefined && matcher.matches(requestHeaders);
    }
    case 'grpc-status': {
      const statuses = new Set(filter.statuses);
      return ({ responseHeaders, responseTrailers, streamInfo: { responseStatus } }) => {
        const status = grpcStatusOf(responseTrailers, responseHeaders, responseStatus);
        return statuses.has(status ?? unknownStatus) !== filter.isExcluding;
      };
    }
    case 'response-flag': {
      const flags = new Set(filter.flags);
      return ({ streamInfo }) => streamInfo.flags.some((flag) => flags.size === 0 || flags.has(flag));
    }
  }
}

function compare(value: number, op: 'eq' | 'ge' | 'le' | 'ne', limit: number): boolean {
  switch (op) {
    case 'eq':
      return value === limit;
    case 'ge':
      return value >= limit;
    case 'le':
      return value <= limit;
    case 'ne':
      return value !== limit;
  }
}
