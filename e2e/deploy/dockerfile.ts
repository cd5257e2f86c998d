/** One instruction; continuation lines are joined, comments are gone. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  /** An image, or an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** Stages of a Dockerfile, in order. Throws on an instruction before the first FROM and on a stage without a name. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n');
  for (const line of lines) {
    const [, name, rest] = /^\s*([A-Z]+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) {
      if (line.trim() !== '') throw new Error(`not an instruction: ${line}`);
      continue;
    }
    if (name === 'FROM') {
      const [, from, stage] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      if (from === undefined || stage === undefined) throw new Error(`a stage without a name: ${line}`);
      stages.push({ name: stage, from, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`before the first FROM: ${line}`);
    stage.instructions.push({ name, text: rest });
  }
  return stages;
}

/** The JSON array of ENTRYPOINT, CMD, or HEALTHCHECK … CMD. The shell form is not used: PID 1 would be a shell. */
export function execForm(text: string): string[] {
  const start = text.indexOf('[');
  if (start < 0) throw new Error(`not in exec form: ${text}`);
  const words: unknown = JSON.parse(text.slice(start));
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) {
    throw new Error(`not a list of texts: ${text}`);
  }
  return words;
}
