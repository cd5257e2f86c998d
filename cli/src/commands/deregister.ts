import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { instancePath } from '../client/object-path.ts';
import { createRestClient } from '../client/rest-client.ts';
import { examples, serverOption, wholeNumber, type ServerOptions } from './options.ts';
import { defaultWaitSeconds, waitForClients } from '../client/wait-for-clients.ts';
import { stayAwake } from './stay-awake.ts';

interface DeregisterOptions extends ServerOptions {
  /** Seconds; `true` when the option stands alone. */
  readonly wait?: number | true;
}

export function addDeregisterCommand(program: Command, context: CliContext): void {
  program
    .command('deregister')
    .description('take an instance out of its service')
    .argument('<service>', 'the service')
    .argument('<id>', 'id of the instance')
    .option(
      '--wait [seconds]',
      `return when no connected proxy has the instance any more (at most ${defaultWaitSeconds} s unless given)`,
      wholeNumber(1, 3600),
    )
    .addOption(serverOption(context))
    .addHelpText('after', examples('heddle deregister cart cart-1', 'heddle deregister cart cart-1 --wait'))
    .action(async (service: string, id: string, options: DeregisterOptions) => {
      const client = createRestClient(options.server);
      await client.send({ method: 'DELETE', path: instancePath(service, id) });
      context.terminal.write(`instance ${service}/${id} deregistered`);
      if (options.wait === undefined) return;
      using _awake = stayAwake();
      const seconds = options.wait === true ? defaultWaitSeconds : options.wait;
      const count = await waitForClients(client, context.clock, seconds * 1000);
      context.terminal.write(`${count} ${count === 1 ? 'proxy has' : 'proxies have'} acknowledged`);
    });
}
