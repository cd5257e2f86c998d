import type { HeaderMap } from '../../../codec/header-map.ts';
import { toLatin1Text } from '../../../lang/latin1.ts';
import type { StreamInfo } from '../stream-info.ts';

/** What a format string can speak of. Headers are those of the moment: before or after rewrites. */
export interface FormatContext {
  readonly streamInfo: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
  readonly responseTrailers: HeaderMap | undefined;
}

/** A value that is no text: JSON formats have it as it is, never cut, and texts have it as JSON. */
export class StructuredValue {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  get json(): unknown {
    return toEnvoyJson(this.#value);
  }

  toString(): string {
    return toLatin1Text(JSON.stringify(this.json));
  }
}

/** As Envoy writes it: keys sorted. */
function toEnvoyJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toEnvoyJson);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, toEnvoyJson(item)]));
}

export type FormatValue = string | number | StructuredValue;

/** Undefined: there is no value (yet). Texts are bytes in latin1, as header values are. */
export type FormatOperator = (context: FormatContext) => FormatValue | undefined;

/** Makes the operator of one use; a string says what is wrong with its arguments. */
export type OperatorFactory = (argument: string | undefined) => FormatOperator | string;

export type OperatorTable = Readonly<Record<string, OperatorFactory>>;

export function plain(operator: FormatOperator): OperatorFactory {
  return (argument) => (argument === undefined || argument === '' ? operator : 'takes no arguments');
}

/** An empty text is no value. */
export function text(read: (info: StreamInfo) => string | undefined): OperatorFactory {
  return plain(({ streamInfo }) => toLatin1Text(read(streamInfo) ?? '') || undefined);
}
