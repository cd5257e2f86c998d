import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Whether a path of the build context (relative, with `/`) is kept from the builder. */
export type DockerIgnore = (file: string) => boolean;

/**
 * Reads `.dockerignore`: the last pattern that matches a path or a folder above it decides, `!` takes back,
 * `**` is any number of folders.
 */
export function readDockerIgnore(context: string): DockerIgnore {
  const file = path.join(context, '.dockerignore');
  const rules = (existsSync(file) ? readFileSync(file, 'utf8') : '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const isException = line.startsWith('!');
      return { isException, pattern: toRegExp(isException ? line.slice(1) : line) };
    });
  return (name) => rules.findLast(({ pattern }) => pattern.test(name))?.isException === false;
}

function toRegExp(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('**/', '\u0000')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\u0000', '(?:.*/)?');
  return new RegExp(`^${source}(?:/.*)?$`);
}
