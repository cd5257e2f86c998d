import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Preloaded (`node --import`) into a control plane, which otherwise sends nothing that a client could refuse: resources
 * of services named `spoiled-…` become wrong in the way that the name says.
 */
const file = '/control-plane/src/snapshot/build-snapshot.ts';
const from = '= build();';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(file)) return loaded;
    const source = readFileSync(fileURLToPath(url), 'utf8');
    if (!source.includes(from)) throw new Error(`${file} does not hold what is replaced`);
    const spoil = new URL('spoil-resource.ts', import.meta.url).href;
    const spoiled = source.replace(from, '= spoil(build());');
    return { ...loaded, source: `import { spoil } from '${spoil}';\n${spoiled}` };
  },
});
