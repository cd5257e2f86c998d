import type { Command } from 'commander';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { CliContext } from '../context.ts';
import type { JsonRecord } from '../client/json.ts';
import { isRecord } from '../client/json.ts';
import { kindsHelp, kindWords, listInstances, listObjects, objectPath, parseKind } from '../client/kinds.ts';
import { createRestClient } from '../client/rest-client.ts';
import { formatOutput, outputOption, type OutputOptions } from '../output/output-format.ts';
import { renderObjects } from '../output/object-tables.ts';
import { examples, serverOption, type ServerOptions } from './options.ts';

export function addGetCommand(program: Command, context: CliContext): void {
  program
    .command('get')
    .description('show mesh objects: all, those of a kind, or one')
    .argument('[kind]', kindsHelp)
    .argument(
      '[name]',
      'name of the object; an instance is service/id, and a service alone lists its instances',
    )
    .addOption(outputOption())
    .addOption(serverOption(context))
    .addHelpText(
      'after',
      examples(
        'heddle get',
        'heddle get routes',
        'heddle get instances cart',
        'heddle get route shop -o yaml',
      ),
    )
    .action(
      async (kind: string | undefined, name: string | undefined, options: OutputOptions & ServerOptions) => {
        const { terminal } = context;
        const client = createRestClient(options.server);
        const objects: JsonRecord[] = [];
        if (kind === undefined) {
          for (const word of kindWords) objects.push(...(await listObjects(client, word)));
        } else {
          const word = parseKind(kind);
          if (name === undefined) objects.push(...(await listObjects(client, word)));
          else if (word === 'instance' && !name.includes('/'))
            objects.push(...(await listInstances(client, name)));
          else {
            const { body } = await client.send({ path: objectPath(word, name) });
            if (!isRecord(body)) throw new HeddleError('internal', 'the answer is no object');
            terminal.write(formatOutput(options.output, body, () => renderObjects([body], terminal.colors)));
            return;
          }
        }
        terminal.write(formatOutput(options.output, objects, () => renderObjects(objects, terminal.colors)));
      },
    );
}
