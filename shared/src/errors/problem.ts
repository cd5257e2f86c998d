import { HeddleError } from './heddle-error.ts';
import type { ErrorCode } from './error-catalogue.ts';

/** One thing that is wrong with an input, and where. */
export interface Problem {
  /** JSON pointer (RFC 6901) for documents, or a field path such as `spec.rules[0].matches` for messages. */
  readonly path: string;
  readonly message: string;
}

/** An input with at least one problem; `problems` holds all of them, in document order. */
export class InvalidInputError extends HeddleError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], code: ErrorCode = 'invalid-input') {
    super(code, problems.map(formatProblem).join('; '));
    this.name = 'InvalidInputError';
    this.problems = problems;
  }
}

export function formatProblem(problem: Problem): string {
  return problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`;
}
