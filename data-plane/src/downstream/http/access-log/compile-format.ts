import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import { uncutOperators } from './certificate-field-operators.ts';
import {
  StructuredValue,
  type FormatContext,
  type FormatOperator,
  type FormatValue,
} from './format-operator.ts';
import { createOperator } from './format-operators.ts';

interface OperatorPart {
  readonly operator: FormatOperator;
  /** Longer values are cut; undefined = not. */
  readonly maxLength: number | undefined;
}

/** A format string of access-log operators, ready to run: for log lines and for header values. */
export class CompiledFormat {
  readonly #parts: readonly (string | OperatorPart)[];
  /** The text, when there is no operator in it. */
  readonly literal: string | undefined;

  constructor(parts: readonly (string | OperatorPart)[]) {
    this.#parts = parts;
    this.literal = parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
  }

  /** `missing` stands for values that are not there: `-` in logs, nothing in headers. */
  format(context: FormatContext, missing: string): string {
    if (this.literal !== undefined) return this.literal;
    let text = '';
    for (const part of this.#parts) {
      text +=
        typeof part === 'string' ? part : (cut(part.operator(context), part.maxLength) ?? missing).toString();
    }
    return text;
  }

  /** As `format`; a format that is a single operator keeps its type: number, structure, or undefined for none. */
  formatTyped(context: FormatContext, missing: string): FormatValue | undefined {
    const single = this.#parts.length === 1 ? this.#parts[0] : undefined;
    if (single === undefined || typeof single === 'string') return this.format(context, missing);
    const whole = single.operator(context);
    return whole instanceof StructuredValue ? whole : cut(whole, single.maxLength);
  }
}

function cut(value: FormatValue | undefined, maxLength: number | undefined): FormatValue | undefined {
  if (maxLength === undefined || value === undefined) return value;
  return value.toString().slice(0, maxLength);
}

const operatorPattern = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/sy;

/**
 * Compiles a format string: text, `%%`, and operators `%NAME(argument):length%`.
 *
 * @throws InvalidInputError that lists every operator which is unknown or has wrong arguments, with its position
 */
export function compileFormat(format: string): CompiledFormat {
  const parts: (string | OperatorPart)[] = [];
  const problems: Problem[] = [];
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf('%', at);
    if (percent !== at) {
      const end = percent < 0 ? format.length : percent;
      addText(parts, format.slice(at, end));
      at = end;
      continue;
    }
    if (format[at + 1] === '%') {
      addText(parts, '%');
      at += 2;
      continue;
    }
    operatorPattern.lastIndex = at;
    const match = operatorPattern.exec(format);
    if (match === null) {
      problems.push({ path: '', message: `a lone % at position ${at}: write %% for the character` });
      at += 1;
      continue;
    }
    const [whole, name = '', argument, maxLength] = match;
    const operator = createOperator(name, argument);
    if (typeof operator === 'string') {
      const text = operator.startsWith('unknown operator') ? operator : `%${name}%: ${operator}`;
      problems.push({ path: '', message: `${text} at position ${at}` });
    } else {
      const isCut = maxLength !== undefined && !uncutOperators.includes(name);
      parts.push({ operator, maxLength: isCut ? Number(maxLength) : undefined });
    }
    at += whole.length;
  }
  if (problems.length > 0) throw new InvalidInputError(problems);
  return new CompiledFormat(parts);
}

function addText(parts: (string | OperatorPart)[], text: string): void {
  const last = parts.at(-1);
  if (typeof last === 'string') parts[parts.length - 1] = last + text;
  else parts.push(text);
}
