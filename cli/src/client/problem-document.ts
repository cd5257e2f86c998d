import { isRecord } from './json.ts';

/** One problem for people. */
export interface ProblemLine {
  /** Where in the text that was sent; lines and columns from 1. */
  readonly position: { readonly line: number; readonly column: number } | undefined;
  /** `/spec/rules/0: must not be empty` */
  readonly text: string;
}

/** `12:3: /spec/rules/0: must not be empty` */
export function formatProblemLine({ position, text }: ProblemLine): string {
  return position === undefined ? text : `${position.line}:${position.column}: ${text}`;
}

export interface ProblemDocument {
  /** Code of the error catalogue, when the document names one. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly problems: readonly ProblemLine[];
}

/** Reads a problem+json document (RFC 9457) with our `code` and `problems`; takes anything, and finds what is there. */
export function readProblemDocument(body: unknown): ProblemDocument {
  if (!isRecord(body)) {
    return { code: undefined, message: typeof body === 'string' ? firstLine(body) : undefined, problems: [] };
  }
  const problems = Array.isArray(body['problems']) ? body['problems'].filter(isRecord).map(toLine) : [];
  const message =
    problems.length > 0 ? textOf(body, 'title', 'detail') : textOf(body, 'detail', 'title', 'message');
  return { code: textOf(body, 'code'), message, problems };
}

function toLine(problem: Readonly<Record<string, unknown>>): ProblemLine {
  const { line, column } = problem;
  const position = typeof line === 'number' && typeof column === 'number' ? { line, column } : undefined;
  const parts = [textOf(problem, 'pointer', 'path') ?? '', textOf(problem, 'message', 'detail') ?? ''];
  return { position, text: parts.filter((part) => part !== '').join(': ') };
}

function textOf(record: Readonly<Record<string, unknown>>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = record[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
