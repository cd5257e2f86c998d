import { harmless, type SupportTable } from './message-support.ts';

const accessLog = 'envoy.config.accesslog.v3';
const core = 'envoy.config.core.v3';
const loggers = 'envoy.extensions.access_loggers';

export const accessLogSupport: SupportTable = {
  [`${accessLog}.AccessLog`]: { supported: ['name', 'filter', 'typed_config'] },
  [`${accessLog}.AccessLogFilter`]: {
    supported: [
      'status_code_filter',
      'duration_filter',
      'not_health_check_filter',
      'runtime_filter',
      'and_filter',
      'or_filter',
      'header_filter',
      'response_flag_filter',
      'grpc_status_filter',
    ],
  },
  [`${accessLog}.StatusCodeFilter`]: { supported: ['comparison'] },
  [`${accessLog}.DurationFilter`]: { supported: ['comparison'] },
  [`${accessLog}.ComparisonFilter`]: { supported: ['op', 'value'] },
  [`${core}.RuntimeUInt32`]: { supported: ['default_value'], ignored: { runtime_key: harmless.runtimeKey } },
  [`${accessLog}.NotHealthCheckFilter`]: { supported: [] },
  [`${accessLog}.RuntimeFilter`]: {
    supported: ['runtime_key', 'percent_sampled'],
    ignored: { use_independent_randomness: 'every line is drawn by itself' },
  },
  [`${accessLog}.AndFilter`]: { supported: ['filters'] },
  [`${accessLog}.OrFilter`]: { supported: ['filters'] },
  [`${accessLog}.HeaderFilter`]: { supported: ['header'] },
  [`${accessLog}.GrpcStatusFilter`]: { supported: ['statuses', 'exclude'] },
  [`${accessLog}.ResponseFlagFilter`]: { supported: ['flags'] },
  [`${loggers}.file.v3.FileAccessLog`]: {
    supported: ['path', 'format', 'json_format', 'typed_json_format', 'log_format'],
  },
  [`${loggers}.stream.v3.StdoutAccessLog`]: { supported: ['log_format'] },
  [`${loggers}.stream.v3.StderrAccessLog`]: { supported: ['log_format'] },
  [`${core}.SubstitutionFormatString`]: {
    supported: ['text_format', 'json_format', 'text_format_source', 'omit_empty_values'],
    ignored: {
      content_type: 'only affects responses, and this is a log',
      json_format_options: 'only affects the order of the keys',
    },
  },
};
