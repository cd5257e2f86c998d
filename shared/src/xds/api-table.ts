import { readFileSync } from 'node:fs';
import { HeddleError, messageOf } from '../errors/heddle-error.ts';

/** The same depth below the package from source and from compiled output. */
const tableUrl = new URL('../../../proto/api/envoy-api.table', import.meta.url);
const versionUrl = new URL('../../../proto/api/version.json', import.meta.url);

/** number, proto name, type (scalar, `.message`, `#enum`), label, extras. proto/README.md describes them. */
export type FieldRow = readonly [number, string, string, string, FieldExtras?];

export interface FieldExtras {
  readonly deprecated?: boolean;
  /** Refused by Envoy unless a runtime flag allows it. */
  readonly disallowed?: boolean;
  readonly sensitive?: boolean;
  readonly unpacked?: boolean;
  readonly rules?: Rules;
}

/** `validate.rules` as the API declares them, names and nesting unchanged. */
export interface Rules {
  readonly [rule: string]: RuleValue;
}
export type RuleValue = string | number | boolean | readonly (string | number | Rules)[] | Rules;

export interface MessageRow {
  readonly fields: readonly FieldRow[];
  /** name, whether exactly one member must be set */
  readonly oneofs?: readonly (readonly [string, boolean])[];
  /** Rules of this message are not enforced. */
  readonly disabled?: boolean;
}

export interface EnumRow {
  readonly values: readonly (readonly [string, number])[];
  readonly deprecated?: readonly string[];
  readonly disallowed?: readonly string[];
}

export interface ServiceRow {
  /** name, request, response, whether the client streams, whether the server streams */
  readonly methods: readonly (readonly [string, string, string, boolean, boolean])[];
}

export type TableRow = MessageRow | EnumRow | ServiceRow;

/**
 * The facts of the Envoy API: one line per message, enum and service, sorted by full name.
 * Opening it reads half a megabyte and parses nothing; `find` is a binary search over the bytes.
 */
export interface ApiTable {
  /** Parses one row; undefined if there is no such name. Callers keep the result. */
  find(fullName: string): TableRow | undefined;
  /** Every full name, sorted. Walks the whole table: for suggestions and tests. */
  names(): string[];
}

/** @throws HeddleError `file-unusable` */
export function openApiTable(): ApiTable {
  const table = readPackagedFile(tableUrl);
  return {
    find: (fullName) => findRow(table, fullName),
    names: () => listNames(table),
  };
}

/** The version of the Envoy API, such as `1.40.0`, and of the modules that the table was made from. */
export function readApiVersion(): {
  readonly envoy: string;
  readonly modules: Readonly<Record<string, string>>;
} {
  return JSON.parse(readPackagedFile(versionUrl).toString()) as ReturnType<typeof readApiVersion>;
}

function readPackagedFile(url: URL): Buffer {
  try {
    return readFileSync(url);
  } catch (thrown) {
    throw new HeddleError('file-unusable', `cannot read the API table: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

const newline = 10;
const space = 32;

function findRow(table: Buffer, fullName: string): TableRow | undefined {
  const wanted = Buffer.from(fullName);
  let low = 0;
  let high = table.length;
  // low is always the start of a line; high is the start of a line or the end.
  while (low < high) {
    const middle = (low + high) >>> 1;
    // From low itself there is nothing to look back over (and offset -1 would mean the end).
    const start = middle === low ? low : Math.max(low, table.lastIndexOf(newline, middle - 1) + 1);
    const nameEnd = table.indexOf(space, start);
    const lineEnd = table.indexOf(newline, nameEnd);
    const order = table.compare(wanted, 0, wanted.length, start, nameEnd);
    if (order === 0) return JSON.parse(table.toString('utf8', nameEnd + 1, lineEnd)) as TableRow;
    if (order < 0) low = lineEnd + 1;
    else high = start;
  }
  return undefined;
}

function listNames(table: Buffer): string[] {
  const names: string[] = [];
  for (let start = 0; start < table.length; start = table.indexOf(newline, start) + 1) {
    names.push(table.toString('utf8', start, table.indexOf(space, start)));
  }
  return names;
}
