import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What can be checked of the documentation without running the program: links lead somewhere, commands exist,
 * every source folder says what it is for, and no source file has outgrown its idea.
 */
const root = path.resolve(import.meta.dirname, '..');
const folderReadmeLines = 12;
const sourceFileLines = 400;

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const problems: string[] = [];

/** The anchors that a Markdown file offers, as GitHub makes them from headings. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1] ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function checkLinks(file: string, text: string): void {
  for (const match of text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)) {
    const link = match[1] ?? '';
    if (/^[a-z]+:/.test(link)) continue;
    const [target = '', anchor] = link.split('#');
    const targetFile = target === '' ? file : path.join(path.dirname(file), target);
    if (!existsSync(path.join(root, targetFile))) problems.push(`${file}: link to ${link} leads nowhere`);
    else if (anchor !== undefined && targetFile.endsWith('.md') && !anchorsOf(read(targetFile)).has(anchor)) {
      problems.push(`${file}: ${targetFile} has no heading for #${anchor}`);
    }
  }
}

function checkCommands(file: string, text: string, scripts: ReadonlySet<string>): void {
  for (const match of text.matchAll(/(?:^|`|&& )npm run (?:-s |--silent )?([a-z][a-z:0-9-]*)/gm)) {
    const script = match[1] ?? '';
    if (!scripts.has(script)) problems.push(`${file}: there is no script '${script}' in package.json`);
  }
}

/** A file in backticks must exist: `codec/codec.ts` means any tracked file whose path ends like that. */
function checkPaths(file: string, text: string): void {
  for (const match of text.matchAll(/`([a-z0-9_.@-]+(?:\/[a-z0-9_.@-]+)*\.(?:ts|proto|sh))`/gi)) {
    const named = match[1] ?? '';
    if (!tracked.some((path) => path === named || path.endsWith(`/${named}`)))
      problems.push(`${file}: there is no file ${named}`);
  }
}

function checkFolders(): void {
  const folders = new Set(
    tracked.filter((file) => /(^|\/)src\/.*\.ts$/.test(file)).map((file) => path.dirname(file)),
  );
  for (const folder of folders) {
    // The `src` of a workspace holds the composition roots; ARCHITECTURE.md describes those.
    if (path.basename(folder) === 'src') continue;
    // Fixtures of the folder above, which speaks for them.
    if (path.basename(folder) === 'testing' && folder !== 'shared/src/testing') continue;
    const readme = `${folder}/README.md`;
    if (!tracked.includes(readme)) problems.push(`${folder}: has no README.md`);
    else if (read(readme).trimEnd().split('\n').length > folderReadmeLines) {
      problems.push(`${readme}: is longer than ${folderReadmeLines} lines`);
    }
  }
}

function checkLengths(): void {
  for (const file of tracked.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const lines = read(file).split('\n').length - 1;
    if (lines > sourceFileLines)
      problems.push(`${file}: ${lines} lines; above ${sourceFileLines} it is two files`);
  }
}

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
for (const file of tracked.filter((name) => name.endsWith('.md'))) {
  const text = read(file);
  checkLinks(file, text);
  checkCommands(file, text, new Set(Object.keys(scripts)));
  checkPaths(file, text);
}
checkFolders();
checkLengths();

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
