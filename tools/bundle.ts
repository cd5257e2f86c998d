import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** Packages of the registry ask for built-in modules by `require`, which a module does not have. */
const requireForPackages =
  "import { createRequire as createRequireForPackages } from 'node:module'; const require = createRequireForPackages(import.meta.url);";

export const licencesFile = 'THIRD-PARTY-LICENCES.txt';

/**
 * The sidecar's programs, `main.js`, `envoy.js` and `worker.js`, with all that they import: three files and what they share, not
 * 300 in each thread, and no packages beside them. What only some sidecars need (gRPC, YAML) stays a file of its own.
 * The licences of the packages in it are written beside them.
 *
 * @param sources folder of the workspaces
 * @param output folder that stands for `data-plane/dist`
 * @throws Error for a package that says nothing about its licence
 */
export async function bundleSidecar(sources: string, output: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: sources,
    entryPoints: ['main', 'envoy', 'worker'].map((program) => `data-plane/src/${program}.ts`),
    outdir: output,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: requireForPackages },
    metafile: true,
    logLevel: 'warning',
    plugins: [keepModuleUrls(sources)],
  });
  writeFileSync(path.join(output, licencesFile), collectLicences(sources, metafile));
}

/** Modules find files by where they stand themselves: each keeps the address that it would have on its own. */
function keepModuleUrls(sources: string): Plugin {
  return {
    name: 'keep-module-urls',
    setup({ onLoad }) {
      onLoad({ filter: /\/(shared|data-plane)\/src\/.*\.ts$/ }, async ({ path: file }) => {
        const source = await readFile(file, 'utf8');
        const compiled = file.replace(/\/src\/(?=[^]*\.ts$)/, '/dist/').replace(/\.ts$/, '.js');
        const address = path.relative(path.join(sources, 'data-plane/dist'), compiled);
        return {
          contents: source.replaceAll('import.meta.url', `new URL('${address}', import.meta.url).href`),
          loader: 'ts',
        };
      });
    },
  };
}

function collectLicences(sources: string, { outputs }: Metafile): string {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput === 0 ? [] : [file])),
  );
  const folders = new Set(
    used.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []),
  );
  return [...folders]
    .sort()
    .map((folder) => describePackage(path.resolve(sources, folder)))
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function describePackage(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort()
    .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
  if (texts.length === 0) throw new Error(`${folder}: there is no text of its licence`);
  return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n') + '\n';
}
