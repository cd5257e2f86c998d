import { readFileSync } from 'node:fs';
import { errorCatalogue } from '@heddle/shared/errors/error-catalogue';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { formatProblem, InvalidInputError } from '@heddle/shared/errors/problem';
import { createLogger } from '@heddle/shared/logging/logger';
import { systemRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { createValidator } from '@heddle/shared/xds/validate';
import { loadConfigReader, syntaxOf } from '@heddle/shared/xds/config-file';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { loadBootstrap, type LoadedBootstrap } from './bootstrap/load-bootstrap.ts';
import { makeBootstrap } from './bootstrap/make-bootstrap.ts';
import type { NodeOverrides } from './bootstrap/node-identity.ts';
import type { DecoderOptions } from './config/resources/decode-context.ts';
import { effectiveRuntime } from './config/model/bootstrap.ts';
import { createResourceTypes, httpFilterDecoders } from './config/resources/resource-types.ts';
import { SharedTokenBuckets } from './config/resources/token-bucket.ts';
import { startDataPlane } from './data-plane.ts';
import { compileFormat } from './downstream/http/access-log/compile-format.ts';
import { parseSettings, type SidecarSettings } from './settings.ts';
import { packageVersion } from './version.ts';

/** Exit codes: 0 ended as asked, 1 could not run or went on, 2 the command line or the configuration is wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseSettings(argv, packageVersion());
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.code;
  }
  const { settings } = parsed;
  const logger = createLogger({ level: settings.logLevel, process: 'sidecar' });
  const api = loadApi();
  const decoderOptions: DecoderOptions = {
    api,
    validator: createValidator(api.types),
    httpFilters: httpFilterDecoders,
    compileFormat,
    runtime: {},
    sharedBuckets: new SharedTokenBuckets(),
  };
  const { bootstrap, warnings } = await readBootstrap(settings, decoderOptions);
  for (const { path, message } of warnings) logger.warn({ path, problem: message }, 'bootstrap');
  if (settings.isValidateOnly) {
    process.stdout.write('configuration OK\n');
    return 0;
  }
  const dataPlane = await startDataPlane({
    settings,
    bootstrap,
    resourceTypes: createResourceTypes({
      ...decoderOptions,
      runtime: effectiveRuntime(bootstrap.runtime),
      staticSecrets: new Map(bootstrap.staticSecrets.map(({ value }) => [value.name, value])),
      grpcClusters: new Set(bootstrap.grpcServers.keys()),
      hasAds: bootstrap.ads !== undefined,
    }),
    api,
    version: `heddle/${packageVersion()}`,
    clock: systemClock,
    rng: systemRng,
    logger,
  });
  process.on('SIGTERM', () => dataPlane.shutDown());
  process.on('SIGINT', () => dataPlane.shutDown());
  const reason = await dataPlane.ended;
  if (reason !== undefined) throw reason;
  return 0;
}

async function readBootstrap(settings: SidecarSettings, options: DecoderOptions): Promise<LoadedBootstrap> {
  const overrides: NodeOverrides = {
    version: packageVersion(),
    ...(settings.nodeId === undefined ? {} : { id: settings.nodeId }),
    ...(settings.nodeCluster === undefined ? {} : { cluster: settings.nodeCluster }),
  };
  const source = settings.bootstrap;
  switch (source.kind) {
    case 'flags':
      return { bootstrap: makeBootstrap(source.flags, options, overrides), warnings: [] };
    case 'text':
      return loadBootstrap(
        Buffer.from(source.text),
        '--config-yaml',
        await loadConfigReader('yaml'),
        options,
        overrides,
      );
    case 'file': {
      const reader = await loadConfigReader(syntaxOf(source.path));
      return loadBootstrap(readFile(source.path), source.path, reader, options, overrides);
    }
  }
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new HeddleError('file-unusable', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** What is wrong, and what to do about it where the catalogue knows. */
function describe(error: unknown): string {
  if (!(error instanceof HeddleError) || error.code === 'internal') return messageOf(error);
  return `${error.message}. ${errorCatalogue[error.code].whatToDo}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // One line for each problem: what is wrong, where, and what to do.
  const lines = error instanceof InvalidInputError ? error.problems.map(formatProblem) : [describe(error)];
  for (const line of lines) process.stderr.write(`heddle sidecar: ${line}\n`);
  process.exitCode = error instanceof InvalidInputError ? 2 : 1;
}
