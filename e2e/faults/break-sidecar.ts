import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { allBreakages } from './breakages.ts';

/**
 * Preloaded (`node --import`) into a sidecar and its workers: replaces a few lines of one of its files while it is
 * loaded, so that it misbehaves as `HEDDLE_BREAKAGE` names. A scenario that does not notice proves nothing.
 */
const name = process.env['HEDDLE_BREAKAGE'] ?? '';
const breakage = allBreakages[name];
if (breakage === undefined) throw new Error(`HEDDLE_BREAKAGE names no breakage: ${JSON.stringify(name)}`);
const { file, from, to } = breakage;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/data-plane/src/${file}`)) return loaded;
    const source = readFileSync(fileURLToPath(url), 'utf8');
    if (!source.includes(from)) throw new Error(`${file} does not hold the lines that ${name} replaces`);
    return { ...loaded, source: source.replace(from, () => to) };
  },
});
