import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildDocument, cellOf, documentFile } from './rules-document.ts';
import { allRules } from './rules/all-rules.ts';
import { runRules, type RuleResult } from './run-rules.ts';
import { subjects } from './subjects/subjects.ts';
import type { Subject } from './subjects/subject.ts';

/**
 * Tries the rules on Heddle and on its peers, each as a process behind real sockets, and writes docs/http1-rules.md.
 *
 *     npm run http1-rules                              everything, each message cut at every byte: some minutes
 *     npm run http1-rules -- --only nginx,Envoy        some proxies; prints what they do not keep, writes nothing
 *     npm run http1-rules -- --only Heddle --whole     nothing is cut
 *     npm run http1-rules -- --only Envoy --rule host  rules whose name holds a word, with what was seen
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rule: { type: 'string' },
    whole: { type: 'boolean', default: false },
  },
});
const laneCount = 16;

function versionOf({ name, program = '' }: Subject): string {
  const print = (...args: readonly string[]): string => execFileSync(program, args, { encoding: 'utf8' });
  switch (name) {
    case 'Envoy':
      return /version: \w+\/([\d.]+)/.exec(print('--version'))?.[1] ?? '';
    case 'HAProxy':
      return /version (\d+\.\d+\.\d+)/.exec(print('-v'))?.[1] ?? '';
    case 'nginx':
      // It is in the configuration's dump, since `-v` writes to stderr.
      return (
        /nginx\/([\d.]+)/.exec(
          execFileSync('/bin/sh', ['-c', '"$0" -v 2>&1', program], { encoding: 'utf8' }),
        )?.[1] ?? ''
      );
    case 'node:http':
      return process.versions.node;
    default:
      return '';
  }
}

const names = values.only?.split(',');
const chosen = subjects.filter(({ name }) => names?.includes(name) ?? true);
const rules = allRules.filter(({ id }) => id.includes(values.rule ?? ''));
const absent = chosen.filter(({ program }) => program === undefined).map(({ name }) => name);
if (chosen.length === 0 || absent.length > 0 || rules.length === 0) {
  console.error(absent.length > 0 ? `not on this machine: ${absent.join(', ')}` : 'no such proxy or rule');
  process.exit(2);
}
const results = new Map<string, ReadonlyMap<string, RuleResult>>();
for (const subject of chosen) {
  const ofSubject = await runRules(subject, rules, { laneCount, isCut: !values.whole });
  results.set(subject.name, ofSubject);
  const broken = rules.filter(({ id }) => ofSubject.get(id)?.broken !== undefined);
  console.log(`${subject.name}: ${broken.length} of ${rules.length} not kept`);
  for (const { id, level, section } of values.rule === undefined ? broken : rules) {
    const result = ofSubject.get(id);
    console.log(`  ${level} ${id} (${section}): ${cellOf(result)} ${result?.broken ?? ''}`);
  }
}
if (values.only === undefined && values.rule === undefined && !values.whole) {
  writeFileSync(
    documentFile,
    buildDocument(results, new Map(chosen.map((subject) => [subject.name, versionOf(subject)]))),
  );
  console.log(`written: ${documentFile}`);
}
