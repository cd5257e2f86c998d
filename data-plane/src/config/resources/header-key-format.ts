import type { Http1ProtocolOptions } from '@heddle/shared/xds/api';
import type { HeaderKeyFormat } from '../model/http-connection-manager.ts';
import type { DecodeContext } from './decode-context.ts';

const preserveCase = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';

/** `header_key_format` of HTTP/1 options; undefined: names are lower-case. */
export function decodeHeaderKeyFormat(
  context: DecodeContext,
  options: Http1ProtocolOptions | undefined,
  path: string,
): HeaderKeyFormat | undefined {
  const format = options?.headerKeyFormat;
  if (format?.properCaseWords !== undefined) return { remembersCase: false, isProperCase: true };
  const formatter = format?.statefulFormatter;
  if (formatter === undefined) return undefined;
  const formatterPath = `${path}.header_key_format.stateful_formatter.typed_config`;
  if (formatter.typedConfig === undefined) {
    context.refuse(formatterPath, 'is missing');
    return undefined;
  }
  const config = context.unpack(preserveCase, formatter.typedConfig, formatterPath);
  return { remembersCase: true, isProperCase: config?.formatterTypeOnEnvoyHeaders === 'PROPER_CASE' };
}
