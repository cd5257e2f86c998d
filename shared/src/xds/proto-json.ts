import { InvalidInputError, type Problem } from '../errors/problem.ts';
import type { ApiMessages } from './api.ts';
import { ProtoJsonReader } from './proto-json-read.ts';
import { ProtoJsonWriter, type ProtoJsonOptions } from './proto-json-write.ts';
import type { ApiTypeName, XdsApi } from './xds-api.ts';

export interface ReadOptions {
  /** Fields that the API lacks are added here, and left out; otherwise they are mistakes. */
  readonly unknownFields?: Problem[];
}

/**
 * proto3 JSON (https://protobuf.dev/programming-guides/json/) → a message as decoding would give it.
 *
 * As lenient as Envoy: both spellings of a field, enum names in any case, numbers as strings and integers as
 * fractions, words for booleans, one element for a list, lists in lists, null for an absent field, `{value: 3}`
 * for a wrapper and `{seconds: 5}` for a duration. Stricter in one thing: a field given in both spellings is refused.
 *
 * @throws InvalidInputError with every problem; paths are spelled as the input spells them
 *   (`static_resources.listeners[0].address`)
 */
export function fromProtoJson<N extends ApiTypeName>(
  api: XdsApi,
  typeName: N,
  json: unknown,
  { unknownFields }: ReadOptions = {},
): ApiMessages[N] {
  const reader = new ProtoJsonReader(api.types, unknownFields);
  const message = reader.message(api.types.message(typeName), json, '');
  if (reader.problems.length > 0) throw new InvalidInputError(reader.problems);
  return message as ApiMessages[N];
}

/** A decoded message → proto3 JSON, in the order of the fields' numbers. An Any is printed with its content if its type is known. */
export function toProtoJson<N extends ApiTypeName>(
  api: XdsApi,
  typeName: N,
  message: ApiMessages[N],
  options: ProtoJsonOptions = {},
): unknown {
  return new ProtoJsonWriter(api.types, options).message(api.types.message(typeName), message);
}
