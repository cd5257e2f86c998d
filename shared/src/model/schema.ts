import {
  Type,
  type ObjectOptions,
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
} from '@sinclair/typebox';

/** What JSON Schema cannot say about one value. Returns a message, or problems with paths below the value. */
export type ValueCheck<T> = (value: T) => string | readonly CheckedProblem[] | undefined;

/** A problem found by a check; `path` is a JSON pointer relative to the checked value. */
export interface CheckedProblem {
  readonly path: string;
  readonly message: string;
}

/** Checks hang on their schema under a symbol, so that the OpenAPI document does not show them. */
const checkKey = Symbol('heddle.check');

interface CheckCarrier extends TSchema {
  readonly [checkKey]?: ValueCheck<unknown>;
}

/** An object in which an unknown field is an error. */
export function closedObject<T extends TProperties>(properties: T, options: ObjectOptions = {}): TObject<T> {
  return Type.Object(properties, { ...options, additionalProperties: false });
}

/** The same schema with a check, which runs only when the value and everything below it has the right shape. */
export function withCheck<T extends TSchema>(schema: T, check: ValueCheck<Static<T>>): T {
  return { ...schema, [checkKey]: check };
}

export function checkOf(schema: TSchema): ValueCheck<unknown> | undefined {
  const carrier: CheckCarrier = schema;
  return carrier[checkKey];
}

/** One of several words; its type is the union of them. */
export function oneOf<const T extends readonly string[]>(
  words: T,
  description: string,
  defaultWord?: T[number],
) {
  const annotation = defaultWord === undefined ? { description } : { description, default: defaultWord };
  return Type.Unsafe<T[number]>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      annotation,
    ),
  );
}
