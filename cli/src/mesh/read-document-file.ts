import { readFile } from 'node:fs/promises';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import { offsetOf } from '@heddle/shared/model/parse-documents';
import { validate } from '@heddle/shared/model/validate';
import type { Static, TSchema } from '@sinclair/typebox';
import { isMap, LineCounter, parseDocument } from 'yaml';

/** Finds what a schema cannot say. */
export type DocumentCheck<T> = (value: T) => readonly Problem[];

export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw new HeddleError('file-unusable', `${path}: ${readableReason(thrown)}`, { cause: thrown });
  }
}

/**
 * A file with one YAML (or JSON) document of the schema. Throws InvalidInputError with all problems; their path is
 * `file:line:column`, their message says the field.
 */
export async function readDocumentFile<T extends TSchema>(
  path: string,
  schema: T,
  check: DocumentCheck<Static<T>> = () => [],
): Promise<Static<T>> {
  const lineCounter = new LineCounter();
  const document = parseDocument(await readTextFile(path), { lineCounter, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    throw new InvalidInputError(
      syntax.map((error) => ({ path: place(error.pos[0]), message: error.message.split('\n', 1)[0] ?? '' })),
    );
  }
  if (!isMap(document.contents)) {
    throw new InvalidInputError([{ path: place(0), message: 'expected one document with fields' }]);
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const shape = validate(schema, value);
  const problems = shape.length > 0 ? shape : check(value);
  if (problems.length === 0) return value;
  throw new InvalidInputError(
    problems.map((problem) => ({
      path: place(offsetOf(document, problem.path)),
      message: `${problem.path === '' ? '' : `${problem.path.slice(1).replaceAll('/', '.')}: `}${problem.message}`,
    })),
  );
}

/** Without Node's `ENOENT: …, open '/path'`, which repeats the path. */
function readableReason(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown) {
    if (thrown.code === 'ENOENT') return 'there is no such file';
    if (thrown.code === 'EACCES') return 'may not be read';
    if (thrown.code === 'EISDIR') return 'is a folder';
  }
  return messageOf(thrown);
}
