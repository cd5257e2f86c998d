import { Option } from 'commander';
import { waitForClients } from '../client/wait-for-clients.ts';
import type { RestClient } from '../client/rest-client.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from './options.ts';
import { stayAwake } from './stay-awake.ts';

export interface WaitOptions {
  /** Seconds; `true` when the option stands alone. */
  readonly wait?: number | true;
}

const defaultWaitSeconds = 30;

/** `until` completes "return when". */
export function waitOption(until: string): Option {
  return new Option(
    '--wait [seconds]',
    `return when ${until} (at most ${defaultWaitSeconds} s unless given)`,
  ).argParser(wholeNumber(1, 3600));
}

/** Waits if that was asked for, and says how many proxies have acknowledged. */
export async function waitIfAsked(
  context: CliContext,
  client: RestClient,
  { wait }: WaitOptions,
): Promise<void> {
  if (wait === undefined) return;
  using _awake = stayAwake();
  const seconds = wait === true ? defaultWaitSeconds : wait;
  const count = await waitForClients(client, context.clock, seconds * 1000);
  context.terminal.write(`${count} ${count === 1 ? 'proxy has' : 'proxies have'} acknowledged`);
}
