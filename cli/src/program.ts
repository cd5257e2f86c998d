import { Command } from 'commander';
import { addApplyCommand } from './commands/apply.ts';
import { addDeleteCommand } from './commands/delete.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDeregisterCommand } from './commands/deregister.ts';
import { addGetCommand } from './commands/get.ts';
import { addPlaneCommands } from './commands/planes.ts';
import { addRegisterCommand } from './commands/register.ts';
import { addStatusCommand } from './commands/status.ts';
import { addUpCommand } from './commands/up.ts';
import { addVersionCommand } from './commands/version.ts';
import type { CliContext } from './context.ts';
import { exitCodesHelp } from './exit-codes.ts';

/** Called by a command that ends well and still has something else than 0 to say. */
export type SetExitCode = (exitCode: number) => void;

/** The whole command line. Throws CommanderError for wrong usage, and whatever a command throws. */
export function createProgram(context: CliContext, setExitCode: SetExitCode): Command {
  const { terminal } = context;
  const program = new Command('heddle')
    .description('A service mesh: run one, change it, look at it.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .showSuggestionAfterError()
    // Options of the planes' own programs pass through `control-plane` and `sidecar`.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Environment: HEDDLE_SERVER, the address of the REST API (default http://127.0.0.1:8600) · NO_COLOR
${exitCodesHelp}

Examples:
  heddle up examples/shop/mesh.yaml
  heddle status
  heddle apply -f route.yaml --dry-run
  heddle register cart cart-1 --port 8080 --ttl 15 --keep-alive`,
    );
  addUpCommand(program, context, setExitCode);
  addDemoCommand(program, context, setExitCode);
  addPlaneCommands(program, context, setExitCode);
  addApplyCommand(program, context);
  addGetCommand(program, context);
  addDeleteCommand(program, context);
  addRegisterCommand(program, context);
  addDeregisterCommand(program, context);
  addStatusCommand(program, context);
  addVersionCommand(program, context);
  return program;
}
