import type { Dice } from '../changes/dice.ts';
import { modelAfter, type Change } from '../changes/generate-changes.ts';
import { differences, readRegistry } from '../changes/registry-content.ts';
import { sendStep } from '../changes/run-under-load.ts';
import type { Surroundings } from '../changes/surroundings.ts';
import { until } from '../harness/harness.ts';
import type { Rest } from '../harness/rest.ts';
import { withoutMark } from './restore-base.ts';

export interface ChangeListeners {
  /** Before each change, what it is. */
  onChange(description: string): void;
  /** A change that stays refused, or a registry that does not hold what was acknowledged. */
  onProblem(line: string): void;
}

/** Between changes, drawn for each: bursts that are gathered into one push, and changes on their own. */
const pausesMs = [0, 0, 10, 30, 100, 250] as const;
const persistMs = 60_000;
const holdsMs = 20_000;

/**
 * Makes the changes one after the other, whatever fails meanwhile; afterwards the registry must hold what they come
 * to. `mark`: what routes that no change touches still carry.
 */
export async function makeChanges(
  rest: Rest,
  changes: readonly Change[],
  surroundings: Surroundings,
  { dice, mark, onChange, onProblem }: ChangeListeners & { readonly dice: Dice; readonly mark: string },
): Promise<void> {
  for (const { index, kind, summary, steps } of changes) {
    const description = `after ${index} ${kind}: ${summary}`;
    onChange(description);
    for (const step of steps) {
      const refusal = await persistStep(rest, step);
      if (refusal !== undefined) onProblem(`${description}: ${refusal}`);
    }
    await pause(dice.pickOf(pausesMs));
  }
  const expected = withoutMark(modelAfter(changes, surroundings), mark);
  const services = new Set([...surroundings.keptServices, ...surroundings.extraServices]);
  let missing: string[] = [];
  try {
    await until(
      'the registry holds the changes',
      async () => {
        const actual = withoutMark(await readRegistry(rest), mark);
        missing = differences(expected, new Map([...actual].filter(([key]) => isOf(key, services))));
        return missing.length === 0;
      },
      holdsMs,
    );
  } catch (error) {
    onProblem(`the registry differs from what was acknowledged: ${missing.join('; ') || String(error)}`);
  }
}

/**
 * Sends a step until it is taken; nobody knows what became of one without an answer, and all are idempotent but for
 * the deletion, whose second answer is then 404. Returns the refusal when it stays one.
 */
async function persistStep(rest: Rest, step: Parameters<typeof sendStep>[1]): Promise<string | undefined> {
  const deadlineMs = performance.now() + persistMs;
  for (let attempt = 1; ; attempt++) {
    let refusal: string | undefined;
    try {
      refusal = await sendStep(rest, step);
    } catch (error) {
      refusal = `no answer: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (refusal === undefined) return undefined;
    if (attempt > 1 && step.kind === 'delete' && refusal.includes(' answers 404')) return undefined;
    if (refusal.includes(' answers 4') || performance.now() > deadlineMs) return refusal;
    await pause(100);
  }
}

/** Whether the generator made the object: faults have services of their own. */
function isOf(key: string, services: ReadonlySet<string>): boolean {
  const [kind, name = ''] = key.split('/');
  if (kind === 'route' || kind === 'policy') return !/^(sick|flap)-/.test(name);
  return services.has(name);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
