import type { Any } from '@heddle/shared/xds/api';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { FilterConfigs } from '../model/route.ts';
import { joinPath, type DecodeContext } from './decode-context.ts';

const wrapperType = 'envoy.config.route.v3.FilterConfig';

/** `typed_per_filter_config` of a route, a virtual host or a weighted cluster. Its keys may name no filter. */
export function decodeFilterConfigs(
  context: DecodeContext,
  configs: Readonly<Record<string, Any>>,
  path: string,
): FilterConfigs {
  const decoded: Record<string, unknown> = {};
  for (const [name, config] of Object.entries(configs)) {
    const configPath = joinPath(path, `typed_per_filter_config[${JSON.stringify(name)}]`);
    const value = decodeConfig(context, config, configPath);
    if (value !== undefined) decoded[name] = value;
  }
  return decoded;
}

function decodeConfig(context: DecodeContext, config: Any, path: string): unknown {
  if (toTypeName(config.typeUrl) === wrapperType) {
    const wrapper = context.unpack(wrapperType, config, path);
    if (wrapper?.config === undefined) return undefined;
    return decodeKnown(context, wrapper.config, `${path}.config`, wrapper.isOptional);
  }
  return decodeKnown(context, config, path, false);
}

function decodeKnown(context: DecodeContext, config: Any, path: string, isOptional: boolean): unknown {
  const type = toTypeName(config.typeUrl);
  const perRoute = context.options.httpFilters
    .map((filter) => filter.perRoute)
    .find((row) => row?.type === type);
  if (perRoute !== undefined) return perRoute.decode(context, config, path);
  if (isOptional) context.ignore(path, `${type} is not supported by Heddle yet, and is_optional`);
  else context.refuse(path, `${type} is not supported by Heddle yet`);
  return undefined;
}
