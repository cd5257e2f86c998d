import type { Problem } from '../errors/problem.ts';
import type { JsonObject } from './json-value.ts';
import type { MessageType, TypeRegistry } from './message-type.ts';
import { ProtoJsonReader } from './proto-json-read.ts';
import { toTypeName } from './type-urls.ts';

/** The two messages by which a control plane sends a typed message as JSON. */
export const typedStructNames: ReadonlySet<string> = new Set([
  'xds.type.v3.TypedStruct',
  'udpa.type.v1.TypedStruct',
]);

/** Either of them, decoded. */
export interface TypedStructValue {
  readonly typeUrl: string;
  readonly value?: JsonObject;
}

export interface ReadTypedStruct {
  readonly type: MessageType;
  /** In its decoded shape; meaningless if there are problems. */
  readonly message: unknown;
  readonly problems: readonly Problem[];
}

/** Turns the JSON of a TypedStruct into the message that it names; undefined if the API has no such message. */
export function readTypedStruct(
  types: TypeRegistry,
  typedStruct: TypedStructValue,
): ReadTypedStruct | undefined {
  const type = types.findMessage(toTypeName(typedStruct.typeUrl));
  if (type === undefined) return undefined;
  const reader = new ProtoJsonReader(types);
  const message = reader.message(type, typedStruct.value ?? {}, '');
  return { type, message, problems: reader.problems };
}
