import type { Command } from 'commander';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import {
  parseDocuments,
  InvalidDocumentsError,
  formatDocumentProblem,
} from '@heddle/shared/model/parse-documents';
import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { CliContext } from '../context.ts';
import { recordsAt, textAt } from '../client/json.ts';
import type { ProblemLine } from '../client/problem-document.ts';
import { createRestClient, RefusedError } from '../client/rest-client.ts';
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
      const files = await readFiles(context, options.filename);
      const isDryRun = options.dryRun === true;
      const answer = await createRestClient(options.server)
        .send({
          method: 'POST',
          path: isDryRun ? '/v1/apply?dryRun=true' : '/v1/apply',
          body: files.map(({ text }) => text).join(separator),
          contentType: 'application/yaml',
        })
        .catch((thrown: unknown) => {
          throw thrown instanceof RefusedError ? locateInFiles(thrown, files) : thrown;
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

interface InputFile {
  /** As the user gave it, or `stdin`. */
  readonly name: string;
  readonly text: string;
}

const separator = '\n---\n';

/** Checked here too, so that nothing is sent that the server would refuse for its form alone. */
async function readFiles({ terminal }: CliContext, paths: readonly string[]): Promise<readonly InputFile[]> {
  const files: InputFile[] = [];
  const problems: Problem[] = [];
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
    files.push({ name, text });
  }
  if (problems.length > 0) throw new InvalidInputError(problems);
  if (documentCount === 0) throw new HeddleError('invalid-input', `${paths.join(', ')}: no document in it`);
  return files;
}

/** The server saw one text; people have files. Each problem gets the file's name and the line in that file. */
export function locateInFiles(refused: RefusedError, files: readonly InputFile[]): RefusedError {
  const problems = refused.problems.map(({ position, text }): ProblemLine => {
    let firstLine = 1;
    for (const file of files) {
      const lineCount = (file.text + separator).split('\n').length - 1;
      if (position !== undefined && position.line < firstLine + lineCount) {
        const line = position.line - firstLine + 1;
        return { position: undefined, text: `${file.name}:${line}:${position.column}: ${text}` };
      }
      firstLine += lineCount;
    }
    return { position, text };
  });
  return new RefusedError(refused.code, refused.message, refused.status, problems);
}
