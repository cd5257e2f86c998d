import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { textAt } from '../client/json.ts';
import { readApiVersion } from '@heddle/shared/xds/api-table';
import { formatOutput, outputOption, type OutputOptions } from '../output/output-format.ts';

export function addVersionCommand(program: Command, { terminal }: CliContext): void {
  program
    .command('version')
    .description('the version of the program, of the Envoy API and of Node')
    .addOption(outputOption())
    .action(async ({ output }: OutputOptions) => {
      const versions = {
        heddle: await programVersion(),
        envoyApi: readApiVersion().envoy,
        node: process.version,
      };
      terminal.write(
        formatOutput(output, versions, () =>
          [
            `heddle     ${versions.heddle}`,
            `Envoy API  ${versions.envoyApi}`,
            `Node       ${versions.node}`,
          ].join('\n'),
        ),
      );
    });
}

async function programVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return textAt(JSON.parse(text), 'version');
}
