import path from 'node:path';
import { format } from 'prettier';
import { explainedDifferences, type DifferenceKind } from './http1-differences.ts';

export const documentFile = path.resolve(import.meta.dirname, '../../docs/http1.md');
const begin = '<!-- differences: written by npm run fuzz -- --write-table -->';
const end = '<!-- end of differences -->';

const readers: Readonly<Record<DifferenceKind, string>> = {
  stricter: 'only llhttp understands it',
  looser: 'only Heddle understands it',
  later: 'llhttp refuses it earlier',
  'read-differently': 'both, differently',
};

/** `text` of docs/http1.md, with the table as it has to be. */
export function withDifferences(text: string): Promise<string> {
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  const behind = text.slice(text.indexOf(end));
  const rows = explainedDifferences.map(({ name, kinds, section, why, example }) =>
    row([name, kinds.map((kind) => readers[kind]).join('; '), section, why, `\`${escape(example)}\``]),
  );
  const head = [
    row(['difference', 'who understands it', 'RFC', 'why', 'example']),
    row(['---', '---', '---', '---', '---']),
  ];
  return format([before, '', ...head, ...rows, '', behind].join('\n'), { parser: 'markdown' });
}

function escape(bytes: string): string {
  return JSON.stringify(bytes).slice(1, -1).replaceAll('\\"', '"');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
