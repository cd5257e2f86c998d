import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseBenchArguments } from './bench-arguments.ts';
import { formatReport, type ScenarioReport } from './report.ts';
import { scenarios } from './scenarios/scenarios.ts';

async function main(): Promise<number> {
  const parsed = parseBenchArguments(process.argv.slice(2), scenarios);
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(`${parsed.text}\n`);
    return parsed.code;
  }
  if (parsed.isCompiled) {
    // Always: what is there could be older than the sources.
    execFileSync(process.execPath, [path.resolve(import.meta.dirname, '../../tools/build.ts')], {
      stdio: ['ignore', 2, 2],
    });
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-bench-'));
  // Also after Ctrl-C, which a stage turns into an orderly end.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const reports: ScenarioReport[] = [];
  const failed: string[] = [];
  for (const scenario of parsed.chosen) {
    console.error(`${scenario.name}: ${scenario.summary}`);
    try {
      reports.push(
        ...(await scenario.run({ ...parsed, folder, onProgress: (line) => console.error(`  ${line}`) })),
      );
    } catch (error) {
      failed.push(scenario.name);
      console.error(
        `${scenario.name} was not measured: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  if (parsed.isJson) console.log(JSON.stringify({ machine, scenarios: reports }));
  else {
    const head = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`;
    console.log([head, ...reports.map(formatReport)].join('\n'));
  }
  if (failed.length > 0) console.error(`not measured: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
