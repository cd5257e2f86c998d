import { fileKinds, type BootstrapFile, type FileKind } from './bootstrap-file.ts';
import type { Judgement } from './judge.ts';

export interface Judged {
  readonly file: BootstrapFile;
  readonly judgement: Judgement;
}

export const documentUrl = new URL('../../../docs/envoy-verdicts.md', import.meta.url);

const what: Readonly<Record<FileKind, string>> = {
  valid: 'a feature, as it is meant',
  text: 'how YAML and JSON are read',
  'unknown field': 'a field that the API lacks',
  'wrong type': 'an object for a text, a text for a number, a text for an object',
  'out of range': 'negative, zero, too large, empty, no such name',
  missing: 'a field left out',
  duplicate: 'an element twice',
  'dangling reference': 'a name that is nobody’s',
  'bad expression': 'regular expressions and log operators with mistakes',
};

/** docs/envoy-verdicts.md. */
export function buildDocument(judged: readonly Judged[], envoyVersion: string): string {
  return `# Bootstrap files, judged by Envoy and by Heddle

The same file, the same verdict: each of ${judged.length} bootstrap files was given to \`envoy --mode validate\` (Envoy ${envoyVersion}) and to
Heddle. The broken ones are made from the valid ones, by the types of the API and a seed. Laxer, that is: accepted though Envoy
refuses it, is none; where Heddle is stricter the last table says why. Nothing was compared where both refuse a file, and Heddle only
since it lacks a feature that the file uses. This page is written by \`npm run envoy-verdicts\`; the tests judge a part of the files.

## Counts

${table(
  ['files', 'what they are', 'count', 'agreed', 'stricter', 'laxer', 'not compared'],
  [
    ...fileKinds.map((kind) =>
      rowOf(
        kind,
        what[kind],
        judged.filter(({ file }) => file.kind === kind),
      ),
    ),
    rowOf('all', '', judged),
  ],
)}

## Where Heddle is stricter

${table(['why', 'field', 'files'], stricterRows(judged))}
`;
}

function rowOf(name: string, text: string, judged: readonly Judged[]): string[] {
  const count = (kind: Judgement['kind']): string =>
    String(judged.filter(({ judgement }) => judgement.kind === kind).length);
  return [
    name,
    text,
    String(judged.length),
    count('agreed'),
    count('stricter'),
    count('laxer'),
    count('not compared'),
  ];
}

function stricterRows(judged: readonly Judged[]): string[][] {
  const rows = new Map<string, string[]>();
  for (const { file, judgement } of judged) {
    if (judgement.kind !== 'stricter') continue;
    const key = `${judgement.reason}\n${judgement.field}`;
    rows.set(key, [...(rows.get(key) ?? []), file.name.split(':')[0] ?? '']);
  }
  return [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, names]) => {
      const [reason = '', field = ''] = key.split('\n');
      return [reason, `\`${field}\``, `${names.length}: ${[...new Set(names)].join(', ')}`];
    });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
