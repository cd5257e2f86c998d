export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field as a record, or an empty one. */
export function recordAt(value: unknown, name: string): JsonRecord {
  const field = isRecord(value) ? value[name] : undefined;
  return isRecord(field) ? field : {};
}

/** The items of the field that are records. */
export function recordsAt(value: unknown, name: string): readonly JsonRecord[] {
  const field = isRecord(value) ? value[name] : undefined;
  return Array.isArray(field) ? field.filter(isRecord) : [];
}

/** The field as text; numbers and booleans as they are written; anything else is ''. */
export function textAt(value: unknown, name: string): string {
  const field = isRecord(value) ? value[name] : undefined;
  return typeof field === 'string' || typeof field === 'number' || typeof field === 'boolean'
    ? String(field)
    : '';
}
