import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { Bootstrap as BootstrapMessage } from '@heddle/shared/xds/api';
import { parseConfigFile, type ConfigFile, type ConfigReader } from '@heddle/shared/xds/config-file';
import { fromProtoJson } from '@heddle/shared/xds/proto-json';
import type { Bootstrap } from '../config/model/bootstrap.ts';
import type { DecoderOptions } from '../config/resources/decode-context.ts';
import { decodeBootstrap } from './decode-bootstrap.ts';
import type { NodeOverrides } from './node-identity.ts';

export interface LoadedBootstrap {
  readonly bootstrap: Bootstrap;
  /** What is accepted but probably not meant, and what is ignored; `path` is `file:line:column`. */
  readonly warnings: readonly Problem[];
}

/**
 * Reads an Envoy bootstrap file.
 *
 * @throws InvalidInputError with every problem; `path` is `file:line:column`, the field stands in the message
 */
export function loadBootstrap(
  bytes: Uint8Array,
  fileName: string,
  reader: ConfigReader,
  options: DecoderOptions,
  overrides: NodeOverrides,
): LoadedBootstrap {
  const parse = (): ConfigFile => parseConfigFile(bytes, fileName, reader);
  // Only until the bootstrap is decoded: the tree of a large file is larger than anything that is kept.
  let file: ConfigFile | undefined = parse();
  const read = (): BootstrapMessage =>
    fromProtoJson(options.api, 'envoy.config.bootstrap.v3.Bootstrap', (file ?? parse()).value);
  try {
    const bootstrap = decodeBootstrap(read, options, overrides);
    return { bootstrap, warnings: [...file.warnings, ...file.locate(bootstrap.ignored)] };
  } catch (thrown) {
    if (!(thrown instanceof InvalidInputError)) throw thrown;
    throw new InvalidInputError(file.locate(thrown.problems));
  } finally {
    file = undefined;
  }
}
