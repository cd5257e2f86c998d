import { answerQuestions, type Helper } from '../helper-process.ts';
import { churn, converge, type Change, type Churn } from './changes.ts';
import { connectFleet, type Fleet } from './fleet.ts';

/** What the program of the simulated sidecars is asked; each kind has its answer. */
export type FleetQuestion =
  /** Answered with the milliseconds until every sidecar had the endpoints of every cluster. */
  | { readonly kind: 'connect'; readonly port: number; readonly size: number; readonly clusters: number }
  /** One change after another; answered with the milliseconds of each. */
  | { readonly kind: 'converge'; readonly changes: readonly Change[] }
  /** Answered with a {@link Churn}. */
  | { readonly kind: 'churn'; readonly changes: readonly Change[]; readonly changesPerSecond: number }
  | { readonly kind: 'close' };

export type FleetAnswer = number | readonly number[] | Churn | undefined;
export type FleetHelper = Helper<FleetQuestion, FleetAnswer>;

let fleet: Fleet | undefined;

answerQuestions(async (question): Promise<FleetAnswer> => {
  const asked = question as FleetQuestion;
  if (asked.kind === 'connect') {
    const startedMs = performance.now();
    fleet = await connectFleet(asked.port, asked.size, asked.clusters);
    return performance.now() - startedMs;
  }
  if (fleet === undefined) throw new Error('nobody is connected');
  switch (asked.kind) {
    case 'converge': {
      const durationsMs: number[] = [];
      for (const change of asked.changes) durationsMs.push(await converge(fleet, change));
      return durationsMs;
    }
    case 'churn':
      return churn(fleet, asked.changes, asked.changesPerSecond);
    case 'close':
      fleet.close();
      fleet = undefined;
      return undefined;
  }
});
