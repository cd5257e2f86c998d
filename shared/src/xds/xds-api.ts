import type { ApiMessages } from './api.ts';
import { InvalidInputError } from '../errors/problem.ts';
import { decodeMessage } from './decode-message.ts';
import { EncodeError, encodeMessage } from './encode-message.ts';
import type { MessageInit } from './message-init.ts';
import { TypeRegistry, type MessageType } from './message-type.ts';
import { WireError } from './wire-reader.ts';

/** Full names of the messages that have a TypeScript type (proto/entry-points.ts and what these hold). */
export type ApiTypeName = keyof ApiMessages;

/** A message whose type is known at run time only. */
export type AnyMessage = Readonly<Record<string, unknown>>;

/**
 * The Envoy API at run time. One per process (or per worker) is enough; it is handed to whoever needs it.
 * Types are read from the table on first use and kept: building one costs some microseconds.
 */
export interface XdsApi {
  readonly types: TypeRegistry;
  /**
   * Paths of unknown fields are added to `unknownFields`. Bytes fields are views of `bytes`.
   * @throws InvalidInputError for bytes that are not such a message
   */
  decode<N extends ApiTypeName>(typeName: N, bytes: Uint8Array, unknownFields?: string[]): ApiMessages[N];
  decodeType(type: MessageType, bytes: Uint8Array, unknownFields?: string[]): AnyMessage;
  /**
   * Equal values give equal bytes.
   * @throws InvalidInputError for values that the types would not have let through
   */
  encode<N extends ApiTypeName>(typeName: N, value: MessageInit<ApiMessages[N]>): Buffer;
  encodeType(type: MessageType, value: unknown): Buffer;
  /** The message as decoding would give it: absent scalars, lists and maps filled in, all the way down. */
  create<N extends ApiTypeName>(typeName: N, value: MessageInit<ApiMessages[N]>): ApiMessages[N];
}

/** Opens the table; nothing else is built yet. @throws HeddleError `file-unusable` */
export function loadApi(): XdsApi {
  const types = new TypeRegistry();
  const decodeType: XdsApi['decodeType'] = (type, bytes, unknownFields) => {
    try {
      return decodeMessage(type, bytes, unknownFields) as AnyMessage;
    } catch (thrown) {
      if (!(thrown instanceof WireError)) throw thrown;
      throw new InvalidInputError([
        { path: thrown.path, message: `not a ${type.fullName}: ${thrown.message}` },
      ]);
    }
  };
  const encodeType: XdsApi['encodeType'] = (type, value) => {
    try {
      return encodeMessage(type, value);
    } catch (thrown) {
      if (!(thrown instanceof EncodeError)) throw thrown;
      throw new InvalidInputError([
        { path: thrown.path, message: `${thrown.message} (in ${type.fullName})` },
      ]);
    }
  };
  // The generated types are those of the table, by name: that is what the casts rest on.
  return {
    types,
    decodeType,
    encodeType,
    decode: <N extends ApiTypeName>(typeName: N, bytes: Uint8Array, unknownFields?: string[]) =>
      decodeType(types.message(typeName), bytes, unknownFields) as unknown as ApiMessages[N],
    encode: (typeName, value) => encodeType(types.message(typeName), value),
    create: <N extends ApiTypeName>(typeName: N, value: MessageInit<ApiMessages[N]>) => {
      const type = types.message(typeName);
      return decodeType(type, encodeType(type, value)) as unknown as ApiMessages[N];
    },
  };
}
