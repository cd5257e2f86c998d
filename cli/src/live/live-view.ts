import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { RestClient } from '../client/rest-client.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { timeOfDay } from './event-printer.ts';
import { readMeshPicture, type MeshPicture } from './mesh-picture.ts';
import { describeChanges } from './picture-changes.ts';

const lookEveryMs = 500;

export interface LiveView {
  stop(): void;
}

/**
 * Looks at the control plane twice a second and prints a line to stdout for everything that changed: objects, and
 * what the proxies made of them. Says once when the control plane does not answer, and once when it does again.
 */
export function startLiveView(options: {
  readonly client: RestClient;
  readonly clock: Clock;
  readonly terminal: Terminal;
}): LiveView {
  const { client, clock, terminal } = options;
  const { colors } = terminal;
  let last: MeshPicture | undefined;
  let isAway = false;
  let isStopped = false;
  let timer: Timer | undefined;
  const print = (text: string): void => terminal.write(`${colors.dim(timeOfDay(clock))} ${text}`);

  async function look(): Promise<void> {
    try {
      const picture = await readMeshPicture(client);
      if (isStopped) return;
      if (isAway) print('the control plane answers again');
      isAway = false;
      if (last !== undefined) for (const line of describeChanges(last, picture, colors)) print(line);
      last = picture;
    } catch {
      if (!isAway && !isStopped) print(colors.yellow('the control plane does not answer; the proxies go on'));
      isAway = true;
    }
    if (!isStopped) timer = clock.setTimer(lookEveryMs, () => void look());
  }

  void look();
  return {
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
