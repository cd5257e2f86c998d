import path from 'node:path';
import { startHelper } from '../helper-process.ts';
import type { Stage } from '../stage.ts';
import type { ChurnResult, ManagementAnswer, ManagementQuestion } from './management-process.ts';

/** The management server and its probe, as scenarios see them. */
export interface Management {
  /** Resolves with the port of ADS. */
  serve(clusters: number): Promise<number>;
  churn(port: number, changesPerSecond: number, seconds: number): Promise<ChurnResult>;
  close(): Promise<void>;
}

export function startManagement(stage: Stage): Management {
  const module = path.join(import.meta.dirname, 'management-process.ts');
  const helper = startHelper<ManagementQuestion, ManagementAnswer>(stage, module);
  return {
    serve: async (clusters) => (await helper.ask({ kind: 'serve', clusters })) as number,
    churn: async (port, changesPerSecond, seconds) =>
      (await helper.ask({ kind: 'churn', port, changesPerSecond, seconds })) as ChurnResult,
    async close() {
      await helper.ask({ kind: 'close' });
    },
  };
}
