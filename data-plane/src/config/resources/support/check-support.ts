import type { Problem } from '@heddle/shared/errors/problem';
import type { FieldType, MessageType } from '@heddle/shared/xds/message-type';
import { isPlainValue, type MessageSupport, type SupportTable } from './message-support.ts';

export interface SupportFindings {
  readonly problems: Problem[];
  readonly ignored: Problem[];
}

/**
 * Compares what is set in a decoded message, all the way down (but not into `Any`), with the table, and adds what is
 * refused and what is ignored. Costs about a microsecond for each message inside: most resources have nothing to
 * report, so paths are only spelled when there is.
 *
 * @throws Error if a supported field holds a message without a row: a gap in the table
 */
export function checkSupport(
  table: SupportTable,
  type: MessageType,
  message: unknown,
  path: string,
  findings: SupportFindings,
): void {
  new SupportWalk(table, path, findings).message(type, message, type.fullName);
}

class SupportWalk {
  readonly #table: SupportTable;
  readonly #root: string;
  readonly #findings: SupportFindings;
  /** Field names, and keys of lists and maps behind them. */
  readonly #segments: (string | number)[] = [];

  constructor(table: SupportTable, root: string, findings: SupportFindings) {
    this.#table = table;
    this.#root = root;
    this.#findings = findings;
  }

  message(type: MessageType, message: unknown, rowName: string): void {
    const row = this.#table[rowName];
    if (row === undefined) {
      if (isPlainValue(type.fullName)) return;
      throw new Error(`the support table has no row for ${rowName} (at ${this.#path()})`);
    }
    for (const field of type.fields) {
      const value = (message as Readonly<Record<string, unknown>>)[field.key];
      if (!isSet(field, value)) continue;
      this.#segments.push(field.name);
      this.#field(row, field, value);
      this.#segments.pop();
    }
  }

  #field(row: MessageSupport, field: FieldType, value: unknown): void {
    const { name } = field;
    const reason = row.ignored?.[name];
    if (reason !== undefined) {
      this.#findings.ignored.push({ path: this.#path(), message: `is ignored: ${reason}` });
    } else if (!row.supported.includes(name)) {
      this.#refuse('is not supported by Heddle yet');
    } else if (row.only?.[name]?.includes(value as string) === false) {
      const known = row.only[name].map(String).join(', ');
      this.#refuse(`${String(value)} is not supported by Heddle yet (supported: ${known})`);
    } else if (field.isMessage) {
      this.#nested(field, value, row.rows?.[name] ?? field.messageType.fullName);
    }
  }

  #nested(field: FieldType, value: unknown, rowName: string): void {
    const type = field.messageType;
    if (field.cardinality === 'singular') return this.message(type, value, rowName);
    const entries =
      field.cardinality === 'repeated'
        ? (value as readonly unknown[]).entries()
        : Object.entries(value as object);
    for (const [key, element] of entries) {
      this.#segments.push(typeof key === 'number' ? key : `[${JSON.stringify(key)}]`);
      this.message(type, element, rowName);
      this.#segments.pop();
    }
  }

  #refuse(message: string): void {
    this.#findings.problems.push({ path: this.#path(), message });
  }

  #path(): string {
    return this.#segments.reduce<string>((path, segment) => {
      if (typeof segment === 'number') return `${path}[${segment}]`;
      return path === '' || segment.startsWith('[') ? path + segment : `${path}.${segment}`;
    }, this.#root);
  }
}

function isSet(field: FieldType, value: unknown): boolean {
  if (value === undefined) return false;
  if (field.hasPresence) return true;
  if (field.cardinality === 'repeated') return (value as readonly unknown[]).length > 0;
  if (field.cardinality === 'map') return Object.keys(value as object).length > 0;
  if (field.scalar === undefined) return value !== field.enumType.defaultName;
  if (field.scalar === 'bytes') return (value as Uint8Array).length > 0;
  return value !== false && value !== 0 && value !== '';
}
