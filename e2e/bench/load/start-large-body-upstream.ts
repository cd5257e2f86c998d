import path from 'node:path';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { benchHost } from '../proxies/proxy.ts';
import { loadCore, type Stage } from '../stage.ts';
import { waitForAnswer } from './wait-for-answer.ts';

/** `large-body-upstream.ts` on the load core. Returns its port. */
export async function startLargeBodyUpstream(stage: Stage): Promise<number> {
  const port = await findFreePort();
  const program = path.join(import.meta.dirname, 'large-body-upstream.ts');
  stage.start('upstream', loadCore, [process.execPath, program, String(port)]);
  await waitForAnswer(port, benchHost, 10_000);
  return port;
}
