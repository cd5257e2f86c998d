import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { instancePath } from '../client/object-path.ts';
import { createRestClient } from '../client/rest-client.ts';
import { examples, serverOption, type ServerOptions } from './options.ts';
import { waitIfAsked, waitOption, type WaitOptions } from './wait-option.ts';

export function addDeregisterCommand(program: Command, context: CliContext): void {
  program
    .command('deregister')
    .description('take an instance out of its service')
    .argument('<service>', 'the service')
    .argument('<id>', 'id of the instance')
    .addOption(waitOption('no connected proxy has the instance any more'))
    .addOption(serverOption(context))
    .addHelpText('after', examples('heddle deregister cart cart-1', 'heddle deregister cart cart-1 --wait'))
    .action(async (service: string, id: string, options: ServerOptions & WaitOptions) => {
      const client = createRestClient(options.server);
      await client.send({ method: 'DELETE', path: instancePath(service, id) });
      context.terminal.write(`instance ${service}/${id} deregistered`);
      await waitIfAsked(context, client, options);
    });
}
