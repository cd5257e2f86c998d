import { Option } from 'commander';
import { stringify } from 'yaml';

export type OutputFormat = 'table' | 'json' | 'yaml';

export interface OutputOptions {
  readonly output: OutputFormat;
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how the answer is printed')
    .choices(['table', 'json', 'yaml'])
    .default('table');
}

/** The value as data, or `table()` for people. */
export function formatOutput(format: OutputFormat, value: unknown, table: () => string): string {
  switch (format) {
    case 'json':
      return JSON.stringify(value, null, 2);
    case 'yaml':
      return Array.isArray(value)
        ? value
            .map((item: unknown) => `---\n${stringify(item)}`)
            .join('')
            .trimEnd()
        : stringify(value).trimEnd();
    case 'table':
      return table();
  }
}
