import { toTypeName } from '@heddle/shared/xds/type-urls';
import type {
  AccessLog as AccessLogMessage,
  FileAccessLog,
  SubstitutionFormatString,
} from '@heddle/shared/xds/api';
import type { JsonObject, JsonValue } from '@heddle/shared/xds/json-value';
import type { AccessLog, AccessLogFormat, JsonFormat } from '../model/access-log.ts';
import { decodeAccessLogFilter } from './access-log-filter.ts';
import { readDataSource } from './data-source.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';
import { defined } from './scalars.ts';

const fileType = 'envoy.extensions.access_loggers.file.v3.FileAccessLog';
const streamTypes = {
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': 'stdout',
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': 'stderr',
} as const;
type StreamType = keyof typeof streamTypes;

/** Envoy's line where no format is given. */
export const defaultAccessLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Access loggers of a connection manager or of the admin interface. */
export function decodeAccessLogs(
  context: DecodeContext,
  logs: readonly AccessLogMessage[],
  path: string,
): AccessLog[] {
  return logs.flatMap((log, i) => decodeAccessLog(context, log, `${path}[${i}]`) ?? []);
}

function decodeAccessLog(
  context: DecodeContext,
  message: AccessLogMessage,
  path: string,
): AccessLog | undefined {
  const { typedConfig } = message;
  const type = typedConfig === undefined ? '' : toTypeName(typedConfig.typeUrl);
  const configPath = `${path}.typed_config`;
  const filter =
    message.filter === undefined
      ? undefined
      : decodeAccessLogFilter(context, message.filter, `${path}.filter`);
  const filterField = defined<Pick<AccessLog, 'filter'>>({ filter });
  if (typedConfig !== undefined && type === fileType) {
    const file = context.unpack(fileType, typedConfig, configPath);
    if (file === undefined) return undefined;
    return {
      sink: { kind: 'file', path: file.path },
      ...decodeFileFormat(context, file, configPath),
      ...filterField,
    };
  }
  if (typedConfig !== undefined && type in streamTypes) {
    const stream = context.unpack(type as StreamType, typedConfig, configPath);
    const format = decodeFormat(context, stream?.logFormat, `${configPath}.log_format`);
    return { sink: { kind: streamTypes[type as StreamType] }, ...format, ...filterField };
  }
  context.refuseType(typedConfig, message.name, path, [fileType, ...Object.keys(streamTypes)]);
  return undefined;
}

type Format = Pick<AccessLog, 'format' | 'omitEmptyValues'>;

/** The newer `log_format`, or one of the three fields from before it. */
function decodeFileFormat(context: DecodeContext, file: FileAccessLog, path: string): Format {
  const { format, jsonFormat, typedJsonFormat } = file;
  if (format !== undefined && format !== '') return textFormat(context, format, `${path}.format`, false);
  if (jsonFormat !== undefined) return decodeJsonFormat(context, jsonFormat, `${path}.json_format`, false);
  if (typedJsonFormat !== undefined)
    return decodeJsonFormat(context, typedJsonFormat, `${path}.typed_json_format`, false);
  return decodeFormat(context, file.logFormat, `${path}.log_format`);
}

function decodeFormat(
  context: DecodeContext,
  message: SubstitutionFormatString | undefined,
  path: string,
): Format {
  const omitEmptyValues = message?.omitEmptyValues ?? false;
  if (message?.jsonFormat !== undefined) {
    return decodeJsonFormat(context, message.jsonFormat, `${path}.json_format`, omitEmptyValues);
  }
  if (message?.textFormatSource !== undefined) {
    const text = readDataSource(context, message.textFormatSource, `${path}.text_format_source`).toString();
    return textFormat(context, text, `${path}.text_format_source`, omitEmptyValues);
  }
  if (message?.textFormat)
    return textFormat(context, message.textFormat, `${path}.text_format`, omitEmptyValues);
  return { format: { kind: 'text', format: defaultAccessLogFormat }, omitEmptyValues };
}

function textFormat(context: DecodeContext, text: string, path: string, omitEmptyValues: boolean): Format {
  context.attempt(path, () => context.options.compileFormat(text));
  const format: AccessLogFormat = { kind: 'text', format: text };
  return { format, omitEmptyValues };
}

function decodeJsonFormat(
  context: DecodeContext,
  json: JsonObject,
  path: string,
  omitEmptyValues: boolean,
): Format {
  return { format: { kind: 'json', format: checkJsonFormat(context, json, path) }, omitEmptyValues };
}

function checkJsonFormat(context: DecodeContext, json: JsonObject, path: string): JsonFormat {
  const format: Record<string, JsonFormat[string]> = {};
  for (const [key, value] of Object.entries(json)) {
    const checked = checkJsonValue(context, value, joinPath(path, `[${JSON.stringify(key)}]`));
    if (checked !== undefined) format[key] = checked;
  }
  return format;
}

function checkJsonValue(
  context: DecodeContext,
  value: JsonValue,
  path: string,
): JsonFormat[string] | undefined {
  if (typeof value === 'string') context.attempt(path, () => context.options.compileFormat(value));
  if (value === null || Array.isArray(value)) {
    context.refuse(path, 'lists and null are not supported in a JSON format by Heddle yet');
    return undefined;
  }
  return typeof value === 'object' ? checkJsonFormat(context, value as JsonObject, path) : value;
}
