import type { Command } from 'commander';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import {
  parseDocuments,
  InvalidDocumentsError,
  formatDocumentProblem,
} from '@heddle/shared/model/parse-documents';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import type { CliContext } from '../context.ts';
import { recordsAt, textAt } from '../client/json.ts';
import { createRestClient } from '../client/rest-client.ts';
import { readTextFile } from '../mesh/read-document-file.ts';
import { examples, serverOption, type ServerOptions } from './options.ts';

interface ApplyOptions extends ServerOptions {
  readonly filename: readonly string[];
  readonly dryRun?: true;
}

export function addApplyCommand(program: Command, context: CliContext): void {
  program
    .command('apply')
    .description('create or change objects from YAML or JSON documents, all of them or none')
    .requiredOption(
      '-f, --filename <path>',
      'file with any number of documents; "-" is stdin; may be given several times',
      (path: string, previous: readonly string[] | undefined) => [...(previous ?? []), path],
    )
    .option('--dry-run', 'check everything and change nothing')
    .addOption(serverOption(context))
    .addHelpText(
      'after',
      examples(
        'heddle apply -f shop.yaml',
        'heddle apply -f shop.yaml --dry-run',
        'cat shop.yaml | heddle apply -f -',
      ),
    )
    .action(async (options: ApplyOptions) => {
      const body = await readDocuments(context, options.filename);
      const isDryRun = options.dryRun === true;
      const answer = await createRestClient(options.server).send({
        method: 'POST',
        path: isDryRun ? '/v1/apply?dryRun=true' : '/v1/apply',
        body,
        contentType: 'application/yaml',
      });
      const lines = recordsAt(answer.body, 'objects').map((object) => {
        const service = textAt(object, 'service');
        const name = `${service === '' ? '' : `${service}/`}${textAt(object, 'name')}`;
        return `${textAt(object, 'kind')} ${name} ${textAt(object, 'outcome')}`;
      });
      context.terminal.write(
        isDryRun ? [...lines, 'nothing was changed (dry run)'].join('\n') : lines.join('\n'),
      );
    });
}

/** One text of all files. Checked here too, because a position is worth more with the name of its file. */
async function readDocuments({ terminal }: CliContext, paths: readonly string[]): Promise<string> {
  const texts: string[] = [];
  const problems: { path: string; message: string }[] = [];
  let documentCount = 0;
  for (const path of paths) {
    const text = path === '-' ? await terminal.readInput() : await readTextFile(path);
    const name = path === '-' ? 'stdin' : path;
    try {
      documentCount += parseDocuments(text).length;
    } catch (thrown) {
      if (!(thrown instanceof InvalidDocumentsError)) throw thrown;
      problems.push(
        ...thrown.problems.map((problem) => ({
          path: '',
          message: `${name}:${formatDocumentProblem(problem)}`,
        })),
      );
    }
    texts.push(text);
  }
  if (problems.length > 0) throw new InvalidInputError(problems);
  if (documentCount === 0) throw new HeddleError('invalid-input', `${paths.join(', ')}: no document in it`);
  return texts.join('\n---\n');
}
