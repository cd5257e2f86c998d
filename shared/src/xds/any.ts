import { InvalidInputError } from '../errors/problem.ts';
import { suggestion } from '../model/did-you-mean.ts';
import type { Any, ApiMessages } from './api.ts';
import type { MessageInit } from './message-init.ts';
import { toTypeName, toTypeUrl } from './type-urls.ts';
import { readTypedStruct, typedStructNames, type TypedStructValue } from './typed-struct.ts';
import type { AnyMessage, ApiTypeName, XdsApi } from './xds-api.ts';

/** Wraps a message. Equal messages give equal bytes. @throws InvalidInputError as XdsApi.encode */
export function packAny<N extends ApiTypeName>(
  api: XdsApi,
  typeName: N,
  value: MessageInit<ApiMessages[N]>,
): Any {
  return { typeUrl: toTypeUrl(typeName), value: api.encode(typeName, value) };
}

/** What an Any held. `typeName` is the full name; a caller that has compared it may cast `message`. */
export interface OpenedAny {
  readonly typeName: string;
  readonly message: AnyMessage;
}

/**
 * Unwraps an Any of whatever type the API has. A TypedStruct gives the message that it names.
 * Paths of unknown fields are added to `unknownFields`.
 *
 * @throws InvalidInputError if the API has no such type, or the content is no such message
 */
export function openAny(api: XdsApi, any: Any, unknownFields?: string[]): OpenedAny {
  const type = api.types.findMessage(toTypeName(any.typeUrl));
  if (type === undefined) throw unknownType(api, any.typeUrl);
  const message = api.decodeType(type, any.value, unknownFields);
  if (!typedStructNames.has(type.fullName)) return { typeName: type.fullName, message };
  // Its name has just been looked up: a `TypedStruct` has these fields.
  const typedStruct = message as unknown as TypedStructValue;
  const read = readTypedStruct(api.types, typedStruct);
  if (read === undefined) throw unknownType(api, typedStruct.typeUrl);
  if (read.problems.length > 0) throw new InvalidInputError(read.problems);
  return { typeName: read.type.fullName, message: read.message as AnyMessage };
}

/**
 * Unwraps an Any that must hold a `typeName`, as itself or as a TypedStruct.
 * @throws InvalidInputError if it holds another type, or bytes that are no such message
 */
export function unpackAny<N extends ApiTypeName>(
  api: XdsApi,
  any: Any,
  typeName: N,
  unknownFields?: string[],
): ApiMessages[N] {
  const name = toTypeName(any.typeUrl);
  if (name === typeName) return api.decode(typeName, any.value, unknownFields);
  if (typedStructNames.has(name)) {
    const opened = openAny(api, any, unknownFields);
    // The generated types are those of the table, by name.
    if (opened.typeName === typeName) return opened.message as unknown as ApiMessages[N];
    throw otherType(typeName, toTypeUrl(opened.typeName));
  }
  throw otherType(typeName, any.typeUrl === '' ? 'an empty Any' : any.typeUrl);
}

function otherType(wanted: string, found: string): InvalidInputError {
  return new InvalidInputError([{ path: '', message: `expected ${toTypeUrl(wanted)}, found ${found}` }]);
}

function unknownType(api: XdsApi, typeUrl: string): InvalidInputError {
  if (typeUrl === '')
    return new InvalidInputError([{ path: '', message: 'an empty Any, without a type URL' }]);
  const hint = suggestion(toTypeName(typeUrl), api.types.allNames());
  return new InvalidInputError([{ path: '', message: `the API has no type ${typeUrl}${hint}` }]);
}
