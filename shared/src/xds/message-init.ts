import type { JsonValue } from './json-value.ts';

/** What is enough to encode a message: any of its fields, and so on down. Absent ones take their defaults. */
export type MessageInit<T> = T extends Uint8Array | JsonValue
  ? T
  : T extends readonly (infer E)[]
    ? readonly MessageInit<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: MessageInit<T[K]> | undefined }
      : T;
