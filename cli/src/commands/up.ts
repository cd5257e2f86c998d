import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import type { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { createEventPrinter } from '../live/event-printer.ts';
import { startLiveView } from '../live/live-view.ts';
import { loadMesh, requireFreePorts, type LoadedMesh } from '../mesh/load-mesh.ts';
import { createMesh } from '../mesh/mesh.ts';
import { runFolderAt } from '../mesh/process-specs.ts';
import { renderTryLines } from '../mesh/try-lines.ts';
import type { SetExitCode } from '../program.ts';
import { describeFailure } from '../output/describe-failure.ts';
import { examples } from './options.ts';

export interface UpOptions {
  readonly freePorts?: true;
  readonly runFolder?: string;
}

export function addUpCommand(program: Command, context: CliContext, setExitCode: SetExitCode): void {
  program
    .command('up')
    .description('start a whole mesh from a file and show what changes, until Ctrl-C')
    .argument('<mesh-file>', 'control plane, services and their sidecars (examples/shop/mesh.yaml is one)')
    .option('--free-ports', 'use ports that nobody listens on, in place of those of the file')
    .option(
      '--run-folder <path>',
      'where the registry and the logs go; emptied at the start (default: .heddle beside the file)',
    )
    .addHelpText(
      'after',
      examples('heddle up examples/shop/mesh.yaml', 'heddle up examples/shop/mesh.yaml --free-ports'),
    )
    .action(async (meshPath: string, options: UpOptions) => {
      setExitCode(await runUp(context, meshPath, options));
    });
}

/** Resolves after Ctrl-C with 0, or with 1 when a process kept ending; throws when the mesh does not start. */
async function runUp(context: CliContext, meshPath: string, options: UpOptions): Promise<number> {
  const { terminal, clock, settings } = context;
  const loaded = await loadMesh(meshPath, options.freePorts === true);
  await requireFreePorts(loaded.plan);
  const run = prepareRunFolder(loaded, options);
  const printEvent = createEventPrinter(terminal, clock);

  let end: (reason: 'interrupt' | HeddleError) => void = () => undefined;
  const ended = new Promise<'interrupt' | HeddleError>((resolve) => (end = resolve));
  const mesh = createMesh({
    loaded,
    run,
    clock,
    environment: settings.environment,
    onEvent: printEvent,
    onFailure: (error) => end(error),
  });
  let interruptCount = 0;
  using _interrupt = terminal.onInterrupt(() => {
    interruptCount += 1;
    if (interruptCount === 1) end('interrupt');
    else mesh.kill();
  });

  async function runUntilEnd(): Promise<number> {
    const started = mesh.start();
    started.catch(() => undefined); // when the end comes first, nobody waits for the start any more
    const early = await Promise.race([started.then(() => undefined), ended]);
    if (early !== undefined) return report(early);
    terminal.write(renderTryLines(loaded, mesh));
    const view = startLiveView({ client: mesh.client, clock, terminal });
    const reason = await ended;
    view.stop();
    return report(reason);
  }

  function report(reason: 'interrupt' | HeddleError): number {
    if (reason === 'interrupt') return exitCodes.ok;
    terminal.note(describeFailure(reason, terminal.noteColors));
    return exitCodes.failed;
  }

  let exitCode: number = exitCodes.failed;
  try {
    exitCode = await runUntilEnd();
    return exitCode;
  } finally {
    terminal.note('stopping (Ctrl-C again kills what still runs)');
    await mesh.stop();
    // Without a failure nobody reads the logs of a temporary folder.
    const isTemporary = options.freePorts === true && options.runFolder === undefined;
    if (isTemporary && exitCode === exitCodes.ok) rmSync(run.path, { recursive: true, force: true });
  }
}

/** Beside the mesh file; with free ports, where several meshes of one file may run, a temporary folder. */
export function prepareRunFolder(loaded: LoadedMesh, options: UpOptions) {
  if (options.runFolder === undefined && options.freePorts === true) {
    return runFolderAt(mkdtempSync(path.join(tmpdir(), 'heddle-')));
  }
  const folder = path.resolve(options.runFolder ?? path.join(path.dirname(loaded.path), '.heddle'));
  const run = runFolderAt(folder);
  // Only what an earlier run of ours wrote: the folder may be one that the user named.
  for (const name of ['logs', 'registry.db', 'registry.db-wal', 'registry.db-shm']) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
  }
  return run;
}
