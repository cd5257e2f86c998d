import { readFileSync } from 'node:fs';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { loadConfigReader, syntaxOf } from '@heddle/shared/xds/config-file';
import type { BootstrapSource } from './bootstrap/bootstrap-source.ts';
import { loadBootstrap, type LoadedBootstrap } from './bootstrap/load-bootstrap.ts';
import { makeBootstrap } from './bootstrap/make-bootstrap.ts';
import type { NodeOverrides } from './bootstrap/node-identity.ts';
import type { DecoderOptions } from './config/resources/decode-context.ts';
import type { SidecarSettings } from './settings.ts';

/**
 * The bootstrap that the command line names.
 *
 * @throws InvalidInputError with every problem
 * @throws HeddleError `file-unusable`
 */
export async function readBootstrap(
  settings: SidecarSettings,
  decoder: DecoderOptions,
  version: string,
): Promise<LoadedBootstrap> {
  const { bootstrap, nodeId, nodeCluster, nodeZone, unknownFields } = settings;
  const overrides: NodeOverrides = {
    version,
    ...(nodeId === undefined ? {} : { id: nodeId }),
    ...(nodeCluster === undefined ? {} : { cluster: nodeCluster }),
    ...(nodeZone === undefined ? {} : { zone: nodeZone }),
  };
  if (bootstrap.kind === 'flags') {
    return { bootstrap: makeBootstrap(bootstrap.flags, decoder, overrides), warnings: [] };
  }
  const { path, text } = bootstrap;
  const file = path === undefined ? undefined : await openFile(path);
  const over = text === undefined ? undefined : await openText(text);
  const options = { decoder, overrides, allowsUnknownFields: unknownFields.isAllowedStatic };
  if (file !== undefined) return loadBootstrap(over === undefined ? [file] : [file, over], options);
  if (over !== undefined) return loadBootstrap([over], options);
  throw new InvalidInputError([
    { path: '', message: 'at least one of --config-path or --config-yaml must be given' },
  ]);
}

/** As Envoy: `.pb` is the protobuf encoding. */
async function openFile(path: string): Promise<BootstrapSource> {
  if (/\.pb_text$/i.test(path)) {
    throw new InvalidInputError([
      { path, message: 'the text format of protobuf is not read: write it as YAML, JSON or .pb' },
    ]);
  }
  const reader = /\.pb$/i.test(path) ? 'wire' : await loadConfigReader(syntaxOf(path));
  return { name: path, bytes: readFile(path), reader };
}

async function openText(text: string): Promise<BootstrapSource> {
  return { name: '--config-yaml', bytes: Buffer.from(text), reader: await loadConfigReader('yaml') };
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new HeddleError('file-unusable', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
