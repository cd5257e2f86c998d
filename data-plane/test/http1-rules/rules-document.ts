import path from 'node:path';
import type { Rule } from './rule.ts';
import type { RuleResult } from './run-rules.ts';
import { allRules, topics } from './rules/all-rules.ts';

/** What the proxies did: name → id of a rule → result. */
export type Results = ReadonlyMap<string, ReadonlyMap<string, RuleResult>>;

export const documentFile = path.resolve(import.meta.dirname, '../../../docs/http1-rules.md');
const notKept = ' ✗';
const levels = ['MUST', 'SHOULD', 'MAY'] as const;

/** docs/http1-rules.md: counts, then a table for each topic. `versions`: name of a proxy → what it says of itself. */
export function buildDocument(results: Results, versions: ReadonlyMap<string, string>): string {
  const names = [...results.keys()];
  const lines = [
    '# Rules of HTTP/1.1, and who keeps them',
    '',
    'How the rules are tried, and what a cell says, is in [http1.md](http1.md). This page is written by `npm run http1-rules`.',
    '',
    '## Counts',
    '',
    'Rules that are not kept, by the proxy and by what the RFC calls them.',
    '',
    row(['', ...names]),
    row(['---', ...names.map(() => '---')]),
    row(['version', ...names.map((name) => versions.get(name) ?? '')]),
    ...levels.map((level) =>
      row([`${level}, of ${countOf(level)}`, ...names.map((name) => `${brokenCount(results, name, level)}`)]),
    ),
  ];
  for (const { title, rules } of topics) {
    lines.push(
      '',
      `## ${title}`,
      '',
      row(['rule', 'RFC', 'demand', ...names]),
      row(['---', '---', '---', ...names.map(() => '---')]),
    );
    for (const rule of rules)
      lines.push(row([...ruleCells(rule), ...names.map((name) => cellOf(results.get(name)?.get(rule.id)))]));
  }
  return `${lines.join('\n')}\n`;
}

/** The first cells of a rule's row. */
export function ruleCells({ id, section, level, demand }: Rule): readonly [string, string, string] {
  return [id, section, `${level}: ${demand}`];
}

export function cellOf(result: RuleResult | undefined): string {
  return result === undefined ? '' : result.words + (result.broken === undefined ? '' : notKept);
}

export function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function countOf(level: Rule['level']): number {
  return allRules.filter((rule) => rule.level === level).length;
}

function brokenCount(results: Results, name: string, level: Rule['level']): number {
  const ofName = results.get(name);
  return allRules.filter((rule) => rule.level === level && ofName?.get(rule.id)?.broken !== undefined).length;
}
