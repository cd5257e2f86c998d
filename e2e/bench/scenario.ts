import type { ScenarioReport } from './report.ts';

export interface BenchOptions {
  /** Length of one run under load, where a scenario has such runs. */
  readonly seconds: number;
  /** Runs of each contender; they alternate. */
  readonly rounds: number;
  /** Our side runs from `npm run build`'s output, not from its sources. */
  readonly isCompiled: boolean;
  /** For configuration and logs; emptied by whoever made it. */
  readonly folder: string;
  /** Folder for CPU profiles of our side; none without. */
  readonly profileFolder: string | undefined;
  /** One line about what is going on. */
  readonly onProgress: (line: string) => void;
}

export interface Scenario {
  /** As in `--only`. Its reports may add to it: `http1-latency-p99`. */
  readonly name: string;
  readonly summary: string;
  /** Starts everything it needs and ends it. Throws when a run was not a measurement: a request failed, a program is missing. */
  run(options: BenchOptions): Promise<ScenarioReport[]>;
}
