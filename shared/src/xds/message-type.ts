import {
  openApiTable,
  type ApiTable,
  type EnumRow,
  type FieldRow,
  type MessageRow,
  type Rules,
} from './api-table.ts';
import { wellKnownShapes, type WellKnownShape } from './well-known-shapes.ts';

export type ScalarKind =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';

export class EnumType {
  readonly fullName: string;
  /** First names win where two names share a number. */
  readonly nameByNumber: ReadonlyMap<number, string>;
  readonly numberByName: ReadonlyMap<string, number>;
  readonly disallowedNames: readonly string[];
  readonly deprecatedNames: readonly string[];

  constructor(fullName: string, row: EnumRow) {
    this.fullName = fullName;
    this.numberByName = new Map(row.values);
    const names = new Map<number, string>();
    for (const [name, number] of row.values) if (!names.has(number)) names.set(number, name);
    this.nameByNumber = names;
    this.disallowedNames = row.disallowed ?? [];
    this.deprecatedNames = row.deprecated ?? [];
  }

  /** Name of the value that an absent field has. */
  get defaultName(): string {
    return this.nameByNumber.get(0) ?? this.nameByNumber.values().next().value ?? '';
  }
}

/** One field of a message. Its message or enum type is found in the table when first asked for. */
export class FieldType {
  readonly number: number;
  /** As in the proto file: `lb_policy`. */
  readonly name: string;
  /** As in decoded values and in JSON: `lbPolicy`. */
  readonly key: string;
  readonly cardinality: 'singular' | 'repeated' | 'map';
  /** Of map fields only. */
  readonly mapKey: ScalarKind | undefined;
  /** Singular fields whose absence differs from their default: messages, members of oneofs, `optional`. */
  readonly hasPresence: boolean;
  readonly oneof: string | undefined;
  /** undefined for messages and enums. */
  readonly scalar: ScalarKind | undefined;
  /** Full name; undefined for scalars. */
  readonly typeName: string | undefined;
  readonly isMessage: boolean;
  /** Of one value on the wire; packed lists are 2. */
  readonly wireType: number;
  /** Whether a list of it may arrive packed. */
  readonly isPackable: boolean;
  /** Whether a list of it is written packed. */
  readonly isPacked: boolean;
  readonly isDisallowed: boolean;
  readonly isDeprecated: boolean;
  /** Never to be shown: keys, passwords. */
  readonly isSensitive: boolean;
  readonly rules: Rules | undefined;
  readonly #types: TypeRegistry;
  #message: MessageType | undefined;
  #enum: EnumType | undefined;

  constructor(types: TypeRegistry, [number, name, type, label, extras = {}]: FieldRow) {
    this.#types = types;
    this.number = number;
    this.name = name;
    this.key = toLowerCamel(name);
    const isNamed = type.startsWith('.') || type.startsWith('#');
    this.isMessage = type.startsWith('.');
    this.typeName = isNamed ? type.slice(1) : undefined;
    this.scalar = isNamed ? undefined : (type as ScalarKind);
    this.mapKey = label.startsWith('map ') ? (label.slice(4) as ScalarKind) : undefined;
    this.oneof = label.startsWith('oneof ') ? label.slice(6) : undefined;
    this.cardinality = label === 'repeated' ? 'repeated' : this.mapKey === undefined ? 'singular' : 'map';
    this.hasPresence =
      this.cardinality === 'singular' && (this.isMessage || this.oneof !== undefined || label === 'optional');
    this.wireType = this.scalar === undefined ? (this.isMessage ? 2 : 0) : wireTypeOfScalar(this.scalar);
    this.isPackable = this.wireType !== 2;
    this.isPacked = this.isPackable && extras.unpacked !== true;
    this.isDisallowed = extras.disallowed === true;
    this.isDeprecated = extras.deprecated === true;
    this.isSensitive = extras.sensitive === true;
    this.rules = extras.rules;
  }

  /** The type of the field's value (of a map's values, of a list's elements). Call on message fields only. */
  get messageType(): MessageType {
    return (this.#message ??= this.#types.message(this.typeName ?? ''));
  }

  /** Call on enum fields only. */
  get enumType(): EnumType {
    return (this.#enum ??= this.#types.enum(this.typeName ?? ''));
  }
}

export class MessageType {
  readonly fullName: string;
  /** Ascending by number: the order of encoding. */
  readonly fields: readonly FieldType[];
  /** Sparse; a message has few fields, and decoding asks for one per value. */
  readonly fieldByNumber: readonly (FieldType | undefined)[];
  /** How decoded values hold it, if not as an object of its fields. */
  readonly wellKnownShape: WellKnownShape | undefined;
  readonly oneofs: readonly { readonly name: string; readonly isRequired: boolean }[];
  readonly isValidationDisabled: boolean;
  /** What a message without any field on the wire decodes to. Shared and frozen down to its lists and maps. */
  readonly defaults: Readonly<Record<string, unknown>>;
  #fieldByName: Map<string, FieldType> | undefined;
  #siblings: Map<FieldType, FieldType[]> | undefined;

  constructor(types: TypeRegistry, fullName: string, row: MessageRow) {
    this.fullName = fullName;
    this.fields = row.fields.map((field) => new FieldType(types, field)).sort((a, b) => a.number - b.number);
    const byNumber: (FieldType | undefined)[] = [];
    for (const field of this.fields) byNumber[field.number] = field;
    this.fieldByNumber = byNumber;
    this.wellKnownShape = wellKnownShapes.get(fullName);
    this.oneofs = (row.oneofs ?? []).map(([name, isRequired]) => ({ name, isRequired }));
    this.isValidationDisabled = row.disabled === true;
    const defaults: Record<string, unknown> = {};
    for (const field of this.fields) if (!field.hasPresence) defaults[field.key] = defaultOf(field);
    this.defaults = Object.freeze(defaults);
  }

  /** The other members of a field's oneof. */
  siblingsOf(field: FieldType): readonly FieldType[] {
    this.#siblings ??= new Map(
      this.fields
        .filter((member) => member.oneof !== undefined)
        .map((member) => [
          member,
          this.fields.filter((other) => other.oneof === member.oneof && other !== member),
        ]),
    );
    return this.#siblings.get(field) ?? [];
  }

  /** Decoded values hold what this returns for the message's fields. */
  shape(raw: Record<string, unknown>): unknown {
    return this.wellKnownShape === undefined ? raw : this.wellKnownShape.shape(raw);
  }

  /** Finds a field by its proto name or its JSON name. */
  fieldByName(name: string): FieldType | undefined {
    this.#fieldByName ??= new Map(
      this.fields.flatMap((field) => [[field.key, field] as const, [field.name, field] as const]),
    );
    return this.#fieldByName.get(name);
  }
}

/** Types by full name, each built when first asked for and then kept. */
export class TypeRegistry {
  readonly #table: ApiTable;
  readonly #messages = new Map<string, MessageType | undefined>();
  readonly #enums = new Map<string, EnumType>();

  constructor(table: ApiTable = openApiTable()) {
    this.#table = table;
  }

  /** How many message types were built so far: a measure of what lazy loading saves. */
  get builtCount(): number {
    return this.#messages.size;
  }

  findMessage(fullName: string): MessageType | undefined {
    if (!this.#messages.has(fullName)) {
      const row = this.#table.find(fullName);
      // Unknown names come from peers, so they are not kept.
      if (row === undefined || !('fields' in row)) return undefined;
      this.#messages.set(fullName, new MessageType(this, fullName, row));
    }
    return this.#messages.get(fullName);
  }

  /** @throws Error if the table has no such message: a mistake of the caller. */
  message(fullName: string): MessageType {
    const type = this.findMessage(fullName);
    if (type === undefined) throw new Error(`the API has no message ${fullName}`);
    return type;
  }

  /** @throws Error if the table has no such enum: a mistake of the caller. */
  enum(fullName: string): EnumType {
    let type = this.#enums.get(fullName);
    if (type === undefined) {
      const row = this.#table.find(fullName);
      if (row === undefined || !('values' in row)) throw new Error(`the API has no enum ${fullName}`);
      type = new EnumType(fullName, row);
      this.#enums.set(fullName, type);
    }
    return type;
  }

  /** Every full name in the API. Costs a walk over the table: for messages about mistakes. */
  allNames(): string[] {
    return this.#table.names();
  }
}

const emptyList: readonly never[] = Object.freeze([]);
const emptyMap = Object.freeze({});
const emptyBytes = Buffer.alloc(0);

function defaultOf(field: FieldType): unknown {
  if (field.cardinality === 'repeated') return emptyList;
  if (field.cardinality === 'map') return emptyMap;
  if (field.scalar === undefined) return field.enumType.defaultName;
  switch (field.scalar) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'bytes':
      return emptyBytes;
    default:
      return 0;
  }
}

export function wireTypeOfScalar(kind: ScalarKind): number {
  switch (kind) {
    case 'string':
    case 'bytes':
      return 2;
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'float':
    case 'fixed32':
    case 'sfixed32':
      return 5;
    default:
      return 0;
  }
}

/** The language's rule for JSON names: an underscore goes and raises a lower-case letter behind it. */
export function toLowerCamel(name: string): string {
  return name.replace(/_+([a-z]?)/g, (_, letter: string) => letter.toUpperCase());
}
