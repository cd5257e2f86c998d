import { isRecord } from './json.ts';

/** One problem as a line: `12:3: /spec/rules/0: must not be empty`. */
export interface ProblemLine {
  readonly text: string;
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
  const position = typeof line === 'number' && typeof column === 'number' ? `${line}:${column}` : '';
  const parts = [
    position,
    textOf(problem, 'pointer', 'path') ?? '',
    textOf(problem, 'message', 'detail') ?? '',
  ];
  return { text: parts.filter((part) => part !== '').join(': ') };
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
