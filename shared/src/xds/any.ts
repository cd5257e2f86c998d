import { InvalidInputError } from '../errors/problem.ts';
import type { Any, ApiMessages } from './api.ts';
import type { MessageInit } from './message-init.ts';
import { toTypeName, toTypeUrl } from './type-urls.ts';
import type { ApiTypeName, XdsApi } from './xds-api.ts';

/** Wraps a message. Equal messages give equal bytes. @throws InvalidInputError as XdsApi.encode */
export function packAny<N extends ApiTypeName>(
  api: XdsApi,
  typeName: N,
  value: MessageInit<ApiMessages[N]>,
): Any {
  return { typeUrl: toTypeUrl(typeName), value: api.encode(typeName, value) };
}

/**
 * Unwraps an Any that must hold a `typeName`.
 * @throws InvalidInputError if it holds another type, or bytes that are no such message
 */
export function unpackAny<N extends ApiTypeName>(
  api: XdsApi,
  any: Any,
  typeName: N,
  unknownFields?: string[],
): ApiMessages[N] {
  if (toTypeName(any.typeUrl) !== typeName) {
    const found = any.typeUrl === '' ? 'an empty Any' : any.typeUrl;
    throw new InvalidInputError([{ path: '', message: `expected ${toTypeUrl(typeName)}, found ${found}` }]);
  }
  return api.decode(typeName, any.value, unknownFields);
}
