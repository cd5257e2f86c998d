import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { CliContext } from '../context.ts';
import { checkDemoFile, DemoFileSchema } from '../demo/demo-file-schema.ts';
import { renderDemoReport } from '../demo/demo-table.ts';
import { runDemo, type DemoReport } from '../demo/run-demo.ts';
import { exitCodes } from '../exit-codes.ts';
import { createEventPrinter, timeOfDay } from '../live/event-printer.ts';
import { loadMesh } from '../mesh/load-mesh.ts';
import { createMesh } from '../mesh/mesh.ts';
import { runFolderAt } from '../mesh/process-specs.ts';
import { readDocumentFile } from '../mesh/read-document-file.ts';
import type { SetExitCode } from '../program.ts';
import { examples } from './options.ts';

export function addDemoCommand(program: Command, context: CliContext, setExitCode: SetExitCode): void {
  program
    .command('demo')
    .description(
      'run a mesh without a person: load, rollouts, a killed instance; exit code 1 if a request failed',
    )
    .argument('<demo-file>', 'the mesh, the load and the steps (examples/shop/demo.yaml is one)')
    .option('--json', 'print one JSON object in place of the table')
    .addHelpText(
      'after',
      examples('heddle demo examples/shop/demo.yaml', 'heddle demo examples/shop/demo.yaml --json'),
    )
    .action(async (demoPath: string, options: { readonly json?: true }) => {
      const report = await startDemo(context, demoPath);
      context.terminal.write(options.json === true ? JSON.stringify(report) : renderDemoReport(report));
      setExitCode(report.failed === 0 && report.misrouted === 0 ? exitCodes.ok : exitCodes.failed);
    });
}

/** Always on free ports and in a temporary folder, so that it disturbs nobody's mesh. */
async function startDemo({ clock, terminal, settings }: CliContext, demoPath: string): Promise<DemoReport> {
  const demo = await readDocumentFile(demoPath, DemoFileSchema);
  const loaded = await loadMesh(path.resolve(path.dirname(demoPath), demo.mesh), true);
  const ids = new Set(loaded.plan.instances.map(({ id }) => id));
  const services = new Set(Object.keys(loaded.file.services));
  await readDocumentFile(demoPath, DemoFileSchema, (value) => checkDemoFile(value, ids, services));

  const run = runFolderAt(mkdtempSync(path.join(tmpdir(), 'heddle-demo-')));
  let fail: (error: HeddleError) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined); // the race below is what looks at it
  using _interrupt = terminal.onInterrupt(() => fail(new HeddleError('internal', 'interrupted')));
  const mesh = createMesh({
    loaded,
    run,
    clock,
    environment: settings.environment,
    onEvent: createEventPrinter(terminal, clock),
    onFailure: fail,
  });
  const onProgress = (text: string): void =>
    terminal.note(`${terminal.noteColors.dim(timeOfDay(clock))} ${text}`);
  let isClean = false;
  try {
    await Promise.race([mesh.start(), failed]);
    const report = await Promise.race([runDemo({ demo, mesh, clock, onProgress }), failed]);
    isClean = report.failed === 0;
    return report;
  } finally {
    await mesh.stop();
    if (isClean) rmSync(run.path, { recursive: true, force: true });
    else terminal.note(`the logs are in ${path.join(run.path, 'logs')}`);
  }
}
