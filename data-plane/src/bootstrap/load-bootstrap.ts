import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import { parseConfigFile, type ConfigSyntax } from '@heddle/shared/xds/config-file';
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
 * Reads an Envoy bootstrap file: YAML if its name ends in .yaml or .yml, else JSON.
 *
 * @throws InvalidInputError with every problem; `path` is `file:line:column`, the field stands in the message
 */
export function loadBootstrap(
  bytes: Uint8Array,
  fileName: string,
  options: DecoderOptions,
  overrides: NodeOverrides,
  syntax?: ConfigSyntax,
): LoadedBootstrap {
  const file = parseConfigFile(bytes, fileName, syntax);
  try {
    const message = fromProtoJson(options.api, 'envoy.config.bootstrap.v3.Bootstrap', file.value);
    const bootstrap = decodeBootstrap(message, options, overrides);
    return { bootstrap, warnings: [...file.warnings, ...file.locate(bootstrap.ignored)] };
  } catch (thrown) {
    if (!(thrown instanceof InvalidInputError)) throw thrown;
    throw new InvalidInputError(file.locate(thrown.problems));
  }
}
