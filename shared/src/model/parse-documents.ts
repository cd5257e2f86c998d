import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';
import type { ErrorCode } from '../errors/error-catalogue.ts';
import { InvalidInputError, type Problem } from '../errors/problem.ts';
import { messageOf } from '../errors/heddle-error.ts';
import { keyOf, describeKey } from './object-key.ts';
import type { MeshObject } from './mesh-object.ts';
import { checkMeshObject } from './parse-object.ts';
import { unescapePointer } from './validate.ts';

/** Where in the text an object or a problem stands. */
export interface TextPosition {
  /** Number of the document in the text, from 0. */
  readonly documentIndex: number;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface DocumentProblem extends Problem, TextPosition {}

export interface ParsedDocument {
  readonly object: MeshObject;
  /** Where the value that a JSON pointer names stands, or its nearest parent that is there. */
  readonly locate: (pointer: string) => TextPosition;
}

/** Texts with problems; each has its document, line and column. */
export class InvalidDocumentsError extends InvalidInputError {
  declare readonly problems: readonly DocumentProblem[];

  constructor(problems: readonly DocumentProblem[], code: ErrorCode = 'invalid-input') {
    super(problems, code);
    this.name = 'InvalidDocumentsError';
    this.message = problems.map(formatDocumentProblem).join('\n');
  }
}

/** `3:7: /spec/rules/0: message` */
export function formatDocumentProblem(problem: DocumentProblem): string {
  return `${problem.line}:${problem.column}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}

/**
 * Text of any number of YAML 1.2 or JSON documents, separated by `---`, → mesh objects. Empty documents are
 * skipped. Throws InvalidDocumentsError with all problems of all documents: syntax, duplicate keys, fields, and
 * an object that occurs twice.
 */
export function parseDocuments(text: string): ParsedDocument[] {
  const lineCounter = new LineCounter();
  const documents = readYaml(text, lineCounter);
  const parsed: ParsedDocument[] = [];
  const problems: DocumentProblem[] = [];
  const firstLineOfKey = new Map<string, number>();

  documents.forEach((document, documentIndex) => {
    const at = (offset: number): TextPosition => {
      const { line, col } = lineCounter.linePos(offset);
      return { documentIndex, line, column: col };
    };
    const locate = (pointer: string): TextPosition => at(offsetOf(document, pointer));
    const syntaxErrors = [...document.errors, ...document.warnings];
    if (syntaxErrors.some((error) => error.message.includes('call stack'))) {
      // The parser recurses; what it cannot follow ends its stack once for each level.
      problems.push({ path: '', message: 'is nested too deeply', ...at(document.range[0]) });
      return;
    }
    if (syntaxErrors.length > 0) {
      for (const error of syntaxErrors)
        problems.push({ path: '', message: firstLine(error.message), ...at(error.pos[0]) });
      return;
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
      return;
    const start = at(document.contents.range[0]);
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (thrown) {
      problems.push({ path: '', message: messageOf(thrown), ...start });
      return;
    }
    const result = checkMeshObject(value);
    if (!('object' in result)) {
      const placed = result.problems.map((problem) => ({
        ...problem,
        ...locate(problem.path),
      }));
      problems.push(...placed.sort((left, right) => left.line - right.line || left.column - right.column));
      return;
    }
    const key = keyOf(result.object);
    const firstLineNumber = firstLineOfKey.get(key);
    if (firstLineNumber === undefined) {
      firstLineOfKey.set(key, start.line);
      parsed.push({ object: result.object, locate });
    } else {
      const message = `${describeKey(key)} occurs twice (first in line ${firstLineNumber})`;
      problems.push({ path: '/metadata/name', message, ...locate('/metadata/name') });
    }
  });

  if (problems.length > 0) throw new InvalidDocumentsError(problems);
  return parsed;
}

type YamlDocument = Document.Parsed;

function readYaml(text: string, lineCounter: LineCounter): readonly YamlDocument[] {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      logLevel: 'silent',
      version: '1.2',
    });
    return Array.isArray(documents) ? documents : [];
  } catch (thrown) {
    const message = thrown instanceof RangeError ? 'is nested too deeply' : messageOf(thrown);
    throw new InvalidDocumentsError([{ path: '', message, documentIndex: 0, line: 1, column: 1 }]);
  }
}

/** Offset of what `pointer` names: the key of a field, an item, or the nearest parent when it is missing. */
export function offsetOf(document: YamlDocument, pointer: string): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const segment of pointer.split('/').slice(1).map(unescapePointer)) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === 'number' ? node.range[0] : undefined;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
