import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { planeArguments, type Plane } from '../mesh/plane-commands.ts';
import type { SetExitCode } from '../program.ts';

/** `heddle control-plane …` and `heddle sidecar …`: the planes' programs, with all flags handed on. */
export function addPlaneCommands(program: Command, context: CliContext, setExitCode: SetExitCode): void {
  const planes: readonly (readonly [string, Plane, string])[] = [
    ['control-plane', 'control-plane', 'run a control plane; its own flags follow (--help lists them)'],
    ['sidecar', 'data-plane', 'run a sidecar; its own flags follow (--help lists them)'],
  ];
  for (const [name, plane, description] of planes) {
    program
      .command(name)
      .description(description)
      .argument('[flags...]')
      .allowUnknownOption()
      .passThroughOptions()
      .helpOption(false)
      .action(async (flags: string[]) => setExitCode(await runPlane(context, plane, flags)));
  }
}

/** Runs the plane in the foreground, in our place: same terminal, signals handed on, its exit code ours. */
function runPlane(context: CliContext, plane: Plane, flags: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...planeArguments(plane), ...flags], {
      stdio: 'inherit',
      env: context.settings.environment,
    });
    // Ctrl-C reaches the child by itself, the terminal sends it to both; SIGTERM comes to us alone.
    const interrupt = context.terminal.onInterrupt((signal) => {
      if (signal === 'SIGTERM') child.kill(signal);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      interrupt[Symbol.dispose]();
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
}
