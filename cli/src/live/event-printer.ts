import { describeExit } from '@heddle/shared/processes/managed-process';
import type { Clock } from '@heddle/shared/time/clock';
import type { MeshEvent } from '../mesh/mesh.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `12:30:05` in local time. */
export function timeOfDay(clock: Clock): string {
  return new Date(clock.now()).toTimeString().slice(0, 8);
}

/** Says on stderr what happens to the processes of a mesh, a line for each event. */
export function createEventPrinter(terminal: Terminal, clock: Clock): (event: MeshEvent) => void {
  const { noteColors } = terminal;
  return (event) => {
    terminal.note(`${noteColors.dim(timeOfDay(clock))} ${describe(event)}`);
  };

  function describe(event: MeshEvent): string {
    switch (event.kind) {
      case 'phase':
        return event.text;
      case 'started':
        return noteColors.dim(`${event.name} started, process ${String(event.pid ?? 'none')}`);
      case 'exited': {
        const next = event.restartInMs === undefined ? '' : `; starting it again in ${event.restartInMs} ms`;
        return noteColors.yellow(`${event.name} ${describeExit(event.exit)}${next}`);
      }
      case 'lease-trouble':
        return noteColors.yellow(event.text);
    }
  }
}
