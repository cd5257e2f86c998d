import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { describeObservation } from './describe-observation.ts';
import { cutsOf, type Cut } from './exchange.ts';
import { judge } from './judge.ts';
import type { Observation } from './observation.ts';
import type { Rule } from './rule.ts';
import { SocketLane, longSilenceMs, usualSilenceMs, type LanePorts } from './socket-lane.ts';
import { startSubject, type Subject } from './subjects/subject.ts';

/** What one proxy did with one rule. */
export interface RuleResult {
  /** When nothing was cut, as `describeObservation` says it. */
  readonly words: string;
  /** Why the rule was not kept; undefined: it was. */
  readonly broken: string | undefined;
}

export interface RunOptions {
  readonly laneCount: number;
  /** Also in single bytes, and cut at every place. */
  readonly isCut: boolean;
}

/** Tries the rules on a proxy that runs as a process, several at a time, each on a lane of its own. */
export async function runRules(
  subject: Subject,
  rules: readonly Rule[],
  { laneCount, isCut }: RunOptions,
): Promise<ReadonlyMap<string, RuleResult>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'http1-rules-'));
  const ports = await findFreePorts(laneCount * 3);
  const lanePorts: readonly LanePorts[] = Array.from({ length: laneCount }, (_, lane) => ({
    port: ports[lane * 3] ?? 0,
    http10Port: ports[lane * 3 + 1] ?? 0,
    upstreamPort: ports[lane * 3 + 2] ?? 0,
  }));
  const lanes = await Promise.all(lanePorts.map((lane) => SocketLane.open(lane)));
  const results = new Map<string, RuleResult>();
  try {
    const running = await startSubject(subject, folder, lanePorts);
    try {
      const left = [...rules];
      await Promise.all(
        lanes.map(async (lane) => {
          for (let rule = left.shift(); rule !== undefined; rule = left.shift()) {
            results.set(rule.id, await tryRule(lane, rule, isCut ? cutsOf(rule).slice(1) : []));
          }
        }),
      );
    } finally {
      await running.stop();
    }
  } finally {
    for (const lane of lanes) lane.close();
    rmSync(folder, { recursive: true });
  }
  return results;
}

async function tryRule(lane: SocketLane, rule: Rule, cuts: readonly Cut[]): Promise<RuleResult> {
  const whole = await tryCut(lane, rule, 'whole');
  const words = describeObservation(whole);
  const broken = judge(rule, whole);
  if (broken !== undefined) return { words, broken };
  for (const cut of cuts) {
    const reason = judge(rule, await tryCut(lane, rule, cut, words));
    if (reason !== undefined) return { words, broken: `cut at ${cut}: ${reason}` };
  }
  return { words, broken: undefined };
}

/**
 * What breaks the rule is tried again with more patience: a busy machine breaks none. `usual` is what happened
 * without a cut; when it happens again nothing more is waited for.
 */
async function tryCut(lane: SocketLane, rule: Rule, cut: Cut, usual?: string): Promise<Observation> {
  const isUsual = (seen: Observation): boolean =>
    describeObservation(seen) === usual && judge(rule, seen) === undefined;
  let seen = await lane.run(rule, cut, usualSilenceMs, isUsual);
  for (let left = 2; left > 0 && judge(rule, seen) !== undefined; left--) {
    seen = await lane.run(rule, cut, longSilenceMs, isUsual);
  }
  return seen;
}
