import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { HttpFilter } from '@heddle/shared/xds/api';
import type { HttpFilterConfig } from '../model/http-connection-manager.ts';
import type { DecodeContext } from './decode-context.ts';

/** The filters of a connection manager, in their order. The last, and no other, is terminal. */
export function decodeHttpFilters(
  context: DecodeContext,
  filters: readonly HttpFilter[],
  path: string,
): HttpFilterConfig[] {
  const decoded = filters.flatMap((filter, i) => decodeHttpFilter(context, filter, `${path}[${i}]`) ?? []);
  const isTerminal = ({ type }: HttpFilterConfig): boolean =>
    context.options.httpFilters.some((row) => row.type === type && row.isTerminal);
  const first = decoded.findIndex(isTerminal);
  if (decoded.length < filters.length) return decoded; // What is missing was refused; its order says nothing.
  if (filters.length > 0 && first === -1) context.refuse(path, 'must end with the router filter');
  if (first !== -1 && first < decoded.length - 1) {
    context.refuse(
      `${path}[${first}]`,
      `${decoded[first]?.name ?? ''} is terminal and must be the last filter`,
    );
  }
  return decoded;
}

function decodeHttpFilter(
  context: DecodeContext,
  message: HttpFilter,
  path: string,
): HttpFilterConfig | undefined {
  const { name, typedConfig, isOptional, disabled } = message;
  if (typedConfig === undefined) {
    if (isOptional) context.ignore(path, `${name} has no typed_config, and is_optional`);
    else context.refuse(path, `${JSON.stringify(name)} has no typed_config`);
    return undefined;
  }
  const type = toTypeName(typedConfig.typeUrl);
  const row = context.options.httpFilters.find((candidate) => candidate.type === type);
  if (row === undefined) {
    const known = context.options.httpFilters.map((candidate) => candidate.type);
    if (isOptional) context.ignore(path, `${type} is not supported by Heddle yet, and is_optional`);
    else context.refuseType(typedConfig, name, `${path}.typed_config`, known);
    return undefined;
  }
  if (disabled && row.isTerminal) context.refuse(`${path}.disabled`, 'must not be set on a terminal filter');
  return {
    name,
    type,
    config: row.decode(context, typedConfig, `${path}.typed_config`),
    isDisabled: disabled,
  };
}
