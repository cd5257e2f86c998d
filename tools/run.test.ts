import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

const builtSeconds = 1_700_000_000;

/** A repository with the scripts and nothing else: each program prints what it is and its arguments. */
function makeRepository(t: TestContext): { folder: string; run: (...words: string[]) => string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle run '));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['node', 'run']) {
    cpSync(path.join(import.meta.dirname, name), path.join(folder, 'tools', name));
  }
  mkdirSync(path.join(folder, 'node_modules/node/bin'), { recursive: true });
  symlinkSync(process.execPath, path.join(folder, 'node_modules/node/bin/node'));
  const write = (name: string, secondsAfterBuild: number): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `console.log('${name}', ...process.execArgv.slice(-1), ...process.argv.slice(2));`);
    utimesSync(file, builtSeconds + secondsAfterBuild, builtSeconds + secondsAfterBuild);
  };
  write('data-plane/src/envoy.ts', -10);
  for (const workspace of ['shared', 'control-plane', 'data-plane', 'cli']) {
    write(`${workspace}/src/main.ts`, -10);
    utimesSync(path.join(folder, workspace, 'src'), builtSeconds - 10, builtSeconds - 10);
  }
  for (const name of ['package-lock.json', 'tools/bundle.ts', 'tools/build.ts']) write(name, -10);
  write('cli/dist/main.js', 0);
  return {
    folder,
    run: (...words) =>
      execFileSync('sh', [path.join(folder, 'tools/run'), ...words], {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      }).trim(),
  };
}

test('what was built runs, with the options of Node and the arguments', (t) => {
  const { run } = makeRepository(t);
  assert.equal(
    run('--max-semi-space-size=4', 'cli', 'a b', '-c'),
    'cli/dist/main.js --max-semi-space-size=4 a b -c',
  );
});

test('the sources run where nothing was built', (t) => {
  const { run } = makeRepository(t);
  assert.equal(run('data-plane', '--x'), 'data-plane/src/main.ts --x');
  assert.equal(run('data-plane/envoy', '-c'), 'data-plane/src/envoy.ts -c');
});

for (const change of ['shared/src/main.ts', 'shared/src', 'data-plane/src/main.ts', 'package-lock.json']) {
  test(`the sources run once ${change} is newer than what was built`, (t) => {
    const { folder, run } = makeRepository(t);
    utimesSync(path.join(folder, change), builtSeconds + 1, builtSeconds + 1);
    assert.equal(run('cli'), 'cli/src/main.ts');
  });
}

test('an installation without sources runs what was built', (t) => {
  const { folder, run } = makeRepository(t);
  rmSync(path.join(folder, 'cli/src'), { recursive: true });
  assert.equal(run('cli', 'status'), 'cli/dist/main.js --conditions=compiled status');
});
