/** One choice of `%COALESCE(…)%`. */
export interface CoalesceChoice {
  readonly command: string;
  readonly param: string | undefined;
  readonly maxLength: number | undefined;
}

/** The choices, or what is wrong with the argument. */
export function parseCoalesce(argument: string): readonly CoalesceChoice[] | string {
  let config: unknown;
  try {
    config = JSON.parse(argument);
  } catch {
    return 'takes an object in JSON';
  }
  const operators: unknown = isObject(config) ? config['operators'] : undefined;
  if (!Array.isArray(operators) || operators.length === 0) return 'needs a list "operators"';
  const choices: CoalesceChoice[] = [];
  for (const operator of operators as unknown[]) {
    const { command, param, max_length: maxLength } = isObject(operator) ? operator : { command: operator };
    const isRight =
      typeof command === 'string' &&
      (param === undefined || typeof param === 'string') &&
      (maxLength === undefined || (Number.isInteger(maxLength) && Number(maxLength) > 0));
    if (!isRight) return 'takes operators as names, or as objects of "command", "param" and "max_length"';
    choices.push({ command, param, maxLength: maxLength === undefined ? undefined : Number(maxLength) });
  }
  return choices;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
