import type { Problem } from '@heddle/shared/errors/problem';
import type { FieldType, MessageType } from '@heddle/shared/xds/message-type';
import { isPlainValue, type SupportTable } from './message-support.ts';

export interface SupportFindings {
  readonly problems: Problem[];
  readonly ignored: Problem[];
}

/**
 * Compares what is set in a decoded message, all the way down (but not into `Any`), with the table, and adds what is
 * refused and what is ignored.
 *
 * @throws Error if a supported field holds a message without a row: a gap in the table
 */
export function checkSupport(
  table: SupportTable,
  type: MessageType,
  message: unknown,
  path: string,
  findings: SupportFindings,
  rowName = type.fullName,
): void {
  if (isPlainValue(type.fullName)) return;
  const row = table[rowName];
  if (row === undefined) throw new Error(`the support table has no row for ${rowName} (at ${path})`);
  const supported = new Set(row.supported);
  for (const field of type.fields) {
    const value = (message as Readonly<Record<string, unknown>>)[field.key];
    if (!isSet(field, value)) continue;
    const fieldPath = path === '' ? field.name : `${path}.${field.name}`;
    const reason = row.ignored?.[field.name];
    const values = row.only?.[field.name];
    if (reason !== undefined) {
      findings.ignored.push({ path: fieldPath, message: `is ignored: ${reason}` });
    } else if (!supported.has(field.name)) {
      findings.problems.push({ path: fieldPath, message: 'is not supported by Heddle yet' });
    } else if (values !== undefined && !values.includes(value as string)) {
      const known = values.map(String).join(', ');
      findings.problems.push({
        path: fieldPath,
        message: `${String(value)} is not supported by Heddle yet (supported: ${known})`,
      });
    } else if (field.isMessage) {
      for (const [element, elementPath] of elementsOf(field, value, fieldPath)) {
        checkSupport(table, field.messageType, element, elementPath, findings, row.rows?.[field.name]);
      }
    }
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

function elementsOf(field: FieldType, value: unknown, path: string): [unknown, string][] {
  switch (field.cardinality) {
    case 'singular':
      return [[value, path]];
    case 'repeated':
      return (value as readonly unknown[]).map((element, i) => [element, `${path}[${i}]`]);
    case 'map':
      return Object.entries(value as object).map(([key, element]) => [
        element,
        `${path}[${JSON.stringify(key)}]`,
      ]);
  }
}
