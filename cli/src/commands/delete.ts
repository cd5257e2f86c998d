import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { kindsHelp, objectPath, parseKind } from '../client/kinds.ts';
import { createRestClient } from '../client/rest-client.ts';
import { examples, serverOption, type ServerOptions } from './options.ts';

export function addDeleteCommand(program: Command, context: CliContext): void {
  program
    .command('delete')
    .description('delete a mesh object; refused while something refers to it')
    .argument('<kind>', kindsHelp)
    .argument('<name>', 'name of the object; an instance is service/id')
    .addOption(serverOption(context))
    .addHelpText('after', examples('heddle delete route shop', 'heddle delete instance cart/cart-1'))
    .action(async (kind: string, name: string, { server }: ServerOptions) => {
      const word = parseKind(kind);
      await createRestClient(server).send({ method: 'DELETE', path: objectPath(word, name) });
      context.terminal.write(`${word} ${name} deleted`);
    });
}
