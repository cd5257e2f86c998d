import { decodeMessage } from './decode-message.ts';
import type { FieldType, MessageType, TypeRegistry } from './message-type.ts';
import { toTypeName } from './type-urls.ts';
import { WireError } from './wire-reader.ts';

/**
 * Whether a decoded message carries, in any depth and in payloads of Any, what the API marks as sensitive: keys and
 * passwords themselves, not the names of files that hold them. What cannot be looked into counts as such.
 */
export function holdsSecret(types: TypeRegistry, type: MessageType, value: unknown): boolean {
  return new SecretSearch(types).inMessage(type, value, false);
}

/** Fields of a data source that only say where something is. */
const places = new Set(['filename', 'environmentVariable', 'watchedDirectory']);

class SecretSearch {
  readonly #types: TypeRegistry;

  constructor(types: TypeRegistry) {
    this.#types = types;
  }

  inMessage(type: MessageType, value: unknown, isSensitive: boolean): boolean {
    if (type.fullName === 'google.protobuf.Any') {
      return this.#inAny(value as { typeUrl: string; value: Uint8Array }, isSensitive);
    }
    if (type.wellKnownShape !== undefined || typeof value !== 'object' || value === null) {
      return isSensitive && value !== '';
    }
    const message = value as Readonly<Record<string, unknown>>;
    const isDataSource = type.fullName === 'envoy.config.core.v3.DataSource';
    return type.fields.some((field) => {
      const held = message[field.key];
      if (held === undefined || (isDataSource && places.has(field.key))) return false;
      return this.#inField(field, held, isSensitive || field.isSensitive);
    });
  }

  #inField(field: FieldType, value: unknown, isSensitive: boolean): boolean {
    switch (field.cardinality) {
      case 'singular':
        return this.#inSingle(field, value, isSensitive);
      case 'repeated':
        return (value as unknown[]).some((element) => this.#inSingle(field, element, isSensitive));
      case 'map':
        return Object.values(value as object).some((entry) => this.#inSingle(field, entry, isSensitive));
    }
  }

  #inSingle(field: FieldType, value: unknown, isSensitive: boolean): boolean {
    if (field.isMessage) return this.inMessage(field.messageType, value, isSensitive);
    if (!isSensitive) return false;
    if (field.scalar === 'bytes') return (value as Uint8Array).length > 0;
    return field.scalar === 'string' && value !== '';
  }

  #inAny({ typeUrl, value }: { typeUrl: string; value: Uint8Array }, isSensitive: boolean): boolean {
    if (typeUrl === '') return false;
    const type = this.#types.findMessage(toTypeName(typeUrl));
    if (type === undefined) return true;
    try {
      return this.inMessage(type, decodeMessage(type, value), isSensitive);
    } catch (thrown) {
      if (thrown instanceof WireError) return true;
      throw thrown;
    }
  }
}
