import { messageOf } from '@heddle/shared/errors/heddle-error';
import { formatProblem, InvalidInputError } from '@heddle/shared/errors/problem';
import type { Terminal } from '../terminal/terminal.ts';
import { formatProblemLine } from '../client/problem-document.ts';
import { RefusedError } from '../client/rest-client.ts';

/** `error: …` in one line; an input with several problems has one line for each. */
export function describeFailure(thrown: unknown, colors: Terminal['colors']): string {
  const lines = failureLines(thrown);
  return lines
    .map((line, index) => (index === 0 ? `${colors.red('error:')} ${line}` : `  ${line}`))
    .join('\n');
}

function failureLines(thrown: unknown): string[] {
  if (thrown instanceof RefusedError) {
    const lines = thrown.problems.map(formatProblemLine);
    return lines.length === 0 ? [thrown.message] : [`${thrown.message}:`, ...lines];
  }
  if (thrown instanceof InvalidInputError && thrown.problems.length > 0) {
    const lines = thrown.problems.map(formatProblem);
    return lines.length === 1 ? lines : [`${lines.length} problems:`, ...lines];
  }
  return messageOf(thrown).split('\n');
}
