import type { JsonValue } from './json-value.ts';

/** A message as its fields say, before it takes a handier shape. */
export type RawMessage = Record<string, unknown>;

export interface WellKnownShape {
  /** The message's fields → its shape in decoded values. */
  shape(raw: RawMessage): unknown;
  /** The shape → the message's fields. */
  unshape(value: unknown): RawMessage;
}

const wrapper: WellKnownShape = {
  shape: (raw) => raw['value'],
  unshape: (value) => ({ value }),
};

const struct: WellKnownShape = {
  shape: (raw) => raw['fields'],
  unshape: (fields) => ({ fields }),
};

const listValue: WellKnownShape = {
  shape: (raw) => raw['values'],
  unshape: (values) => ({ values }),
};

const value: WellKnownShape = {
  // A Value in which nothing is set is not valid; null is the nearest that JSON can say.
  shape: (raw) =>
    raw['numberValue'] ??
    raw['stringValue'] ??
    raw['boolValue'] ??
    raw['structValue'] ??
    raw['listValue'] ??
    null,
  unshape: (json) => unshapeValue(json as JsonValue),
};

/** Messages that decoded values hold in a handier shape than their fields. */
export const wellKnownShapes: ReadonlyMap<string, WellKnownShape> = new Map([
  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (kind) => [`google.protobuf.${kind}Value`, wrapper] as const,
  ),
  ['google.protobuf.Struct', struct],
  ['google.protobuf.ListValue', listValue],
  ['google.protobuf.Value', value],
]);

export function isWrapper(typeName: string): boolean {
  return wellKnownShapes.get(typeName) === wrapper;
}

function unshapeValue(json: JsonValue): RawMessage {
  switch (typeof json) {
    case 'number':
      return { numberValue: json };
    case 'string':
      return { stringValue: json };
    case 'boolean':
      return { boolValue: json };
    default:
      if (json === null) return { nullValue: 'NULL_VALUE' };
      return Array.isArray(json) ? { listValue: json } : { structValue: json };
  }
}
