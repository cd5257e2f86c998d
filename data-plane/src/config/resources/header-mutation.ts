import type { HeaderValueOption } from '@heddle/shared/xds/api';
import type { HeaderAddition, HeaderMutation } from '../model/header-mutation.ts';
import type { DecodeContext } from './decode-context.ts';

/** The four fields that route, virtual host, weighted cluster and route configuration share. */
interface MutationFields {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

export function decodeHeaderMutation(
  context: DecodeContext,
  message: MutationFields,
  path: string,
): HeaderMutation {
  const prefix = path === '' ? '' : `${path}.`;
  return {
    requestAdd: additions(context, message.requestHeadersToAdd, `${prefix}request_headers_to_add`),
    requestRemove: removals(context, message.requestHeadersToRemove, `${prefix}request_headers_to_remove`),
    responseAdd: additions(context, message.responseHeadersToAdd, `${prefix}response_headers_to_add`),
    responseRemove: removals(context, message.responseHeadersToRemove, `${prefix}response_headers_to_remove`),
  };
}

const actions = {
  APPEND_IF_EXISTS_OR_ADD: 'append',
  ADD_IF_ABSENT: 'add-if-absent',
  OVERWRITE_IF_EXISTS_OR_ADD: 'overwrite-or-add',
  OVERWRITE_IF_EXISTS: 'overwrite-if-exists',
} as const;

function additions(
  context: DecodeContext,
  options: readonly HeaderValueOption[],
  path: string,
): HeaderAddition[] {
  return options.map((option, i) => decodeHeaderAddition(context, option, `${path}[${i}]`));
}

export function decodeHeaderAddition(
  context: DecodeContext,
  option: HeaderValueOption,
  path: string,
): HeaderAddition {
  const { key = '', value = '' } = option.header ?? {};
  const name = key.toLowerCase();
  checkName(context, name, `${path}.header.key`, 'set');
  context.attempt(`${path}.header.value`, () => context.options.compileFormat(value));
  if (option.append !== undefined && option.appendAction !== 'APPEND_IF_EXISTS_OR_ADD') {
    context.refuse(`${path}.append`, 'and append_action must not both be set');
  }
  const isLegacyOverwrite = option.append === false && option.appendAction === 'APPEND_IF_EXISTS_OR_ADD';
  return {
    name,
    value,
    action: isLegacyOverwrite ? 'overwrite-or-add' : actions[option.appendAction],
    keepEmptyValue: option.keepEmptyValue,
  };
}

function removals(context: DecodeContext, names: readonly string[], path: string): string[] {
  return names.map((original, i) => {
    const name = original.toLowerCase();
    checkName(context, name, `${path}[${i}]`, 'removed');
    return name;
  });
}

function checkName(context: DecodeContext, name: string, path: string, verb: string): void {
  if (name.startsWith(':') || name === 'host') {
    context.refuse(
      path,
      `${name} cannot be ${verb}: names with a colon in front, and host, belong to routing`,
    );
  }
}
