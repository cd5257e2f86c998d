import path from 'node:path';
import { format } from 'prettier';
import { explainedDifferences, type DifferenceKind } from './http1-differences.ts';
import type { DifferenceKind as Http2DifferenceKind } from './http2/compare-readings.ts';
import { describeParts } from './http2/describe-parts.ts';
import { explainedDifferences as explainedHttp2Differences } from './http2/http2-differences.ts';

interface DocumentRow {
  readonly name: string;
  readonly readers: readonly string[];
  readonly section: string;
  readonly why: string;
  readonly example: string;
}

/** A page with a table of differences in it. */
export interface DifferenceDocument {
  readonly file: string;
  readonly rows: readonly DocumentRow[];
}

const begin = '<!-- differences: written by npm run fuzz -- --write-table -->';
const end = '<!-- end of differences -->';

const readers: Readonly<Record<DifferenceKind, string>> = {
  stricter: 'only llhttp understands it',
  looser: 'only Heddle understands it',
  later: 'llhttp refuses it earlier',
  'read-differently': 'both, differently',
};
const http2Readers: Readonly<Record<Http2DifferenceKind, string>> = {
  stricter: 'only nghttp2 understands it',
  looser: 'only Heddle understands it',
  'read-differently': 'both, differently',
  'reset-differently': 'only one takes it for reset',
  'only-we-refuse': 'only Heddle refuses it',
  'only-they-refuse': 'only nghttp2 refuses it',
  'other-error': 'both refuse it, differently',
};

/** Of a request; the table would be wide with them. */
const usualFields = /:method=(\w+) :scheme=http :path=\/ :authority=a\.test/g;

export const documents: readonly DifferenceDocument[] = [
  {
    file: docsFile('http1.md'),
    rows: explainedDifferences.map(({ kinds, example, ...row }) => ({
      ...row,
      readers: kinds.map((kind) => readers[kind]),
      example: JSON.stringify(example).slice(1, -1).replaceAll('\\"', '"'),
    })),
  },
  {
    file: docsFile('http2.md'),
    rows: explainedHttp2Differences.map(({ kinds, example, ...row }) => ({
      ...row,
      readers: kinds.map((kind) => http2Readers[kind]),
      example: describeParts(example).replaceAll(usualFields, '$1 /'),
    })),
  },
];

/** `text` of the page, with the table as it has to be. */
export function withDifferences({ rows }: DifferenceDocument, text: string): Promise<string> {
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  const behind = text.slice(text.indexOf(end));
  const lines = rows.map(({ name, readers: who, section, why, example }) =>
    row([name, who.join('; '), section, why, `\`${example}\``]),
  );
  const head = [
    row(['difference', 'who understands it', 'RFC', 'why', 'example']),
    row(['---', '---', '---', '---', '---']),
  ];
  return format([before, '', ...head, ...lines, '', behind].join('\n'), { parser: 'markdown' });
}

function docsFile(name: string): string {
  return path.resolve(import.meta.dirname, '../../docs', name);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
