import type { Problem } from '@heddle/shared/errors/problem';
import { formatProblem, InvalidInputError } from '@heddle/shared/errors/problem';
import type { Bootstrap as BootstrapMessage } from '@heddle/shared/xds/api';
import { parseConfigFile, type ConfigFile, type ConfigReader } from '@heddle/shared/xds/config-file';
import { fromProtoJson } from '@heddle/shared/xds/proto-json';
import type { XdsApi } from '@heddle/shared/xds/xds-api';

/** A bootstrap, or a part of one, as it was given. */
export interface BootstrapSource {
  /** What places are shown with. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** `wire`: the protobuf encoding. */
  readonly reader: ConfigReader | 'wire';
}

const typeName = 'envoy.config.bootstrap.v3.Bootstrap';

/** One source while it is read. */
export interface OpenedSource {
  readonly name: string;
  /** Undefined for what has no text. */
  readonly file: ConfigFile | undefined;
  /** Makes the message; what the API lacks is left out, and added to `unknownFields` with its place. */
  read(unknownFields?: Problem[]): BootstrapMessage;
}

/** @throws InvalidInputError with every syntax error */
export function openSource({ name, bytes, reader }: BootstrapSource, api: XdsApi): OpenedSource {
  if (reader === 'wire') {
    return {
      name,
      file: undefined,
      read(unknownFields) {
        const paths: string[] = [];
        const message = attempt(() => api.decode(typeName, bytes, paths), name);
        const problems = paths.map((path) => ({ path: name, message: `${path}: the API has no such field` }));
        if (unknownFields === undefined && problems.length > 0) throw new InvalidInputError(problems);
        unknownFields?.push(...problems);
        return message;
      },
    };
  }
  const file = parseConfigFile(bytes, name, reader);
  return {
    name,
    file,
    read(unknownFields) {
      if (unknownFields === undefined) return fromProtoJson(api, typeName, file.value);
      const unknown: Problem[] = [];
      const message = fromProtoJson(api, typeName, file.value, { unknownFields: unknown });
      unknownFields.push(...file.locate(unknown));
      return message;
    },
  };
}

function attempt<T>(action: () => T, name: string): T {
  try {
    return action();
  } catch (thrown) {
    if (!(thrown instanceof InvalidInputError)) throw thrown;
    throw new InvalidInputError(
      thrown.problems.map((problem) => ({ path: name, message: formatProblem(problem) })),
    );
  }
}

/**
 * The second over the first, as protobuf merges: fields of the second stand, messages are merged, lists are joined.
 * Which is what decoding both encodings, one after the other, gives.
 */
export function mergeMessages(api: XdsApi, base: BootstrapMessage, over: BootstrapMessage): BootstrapMessage {
  return api.decode(typeName, Buffer.concat([api.encode(typeName, base), api.encode(typeName, over)]));
}

/** Says for problems of merged sources in which of them they stand, and where. */
export function locateProblems(
  problems: readonly Problem[],
  base: OpenedSource,
  over: OpenedSource | undefined,
): Problem[] {
  const ofBase: Problem[] = [];
  const ofOver: Problem[] = [];
  for (const problem of problems) {
    const moved = over === undefined ? undefined : pathInOver(problem.path, base, over);
    if (moved === undefined) ofBase.push(problem);
    else ofOver.push({ path: moved, message: problem.message });
  }
  return [...locate(ofBase, base), ...(over === undefined ? [] : locate(ofOver, over))];
}

/** Undefined: it stands in the base. A list of both begins with the elements of the base. */
function pathInOver(path: string, base: OpenedSource, over: OpenedSource): string | undefined {
  const [, list, digits, rest = ''] = /^(.*?)\[(\d+)\]([^]*)$/.exec(path) ?? [];
  if (list === undefined) return over.file?.has(path) === true ? path : undefined;
  const index = Number(digits) - (base.file?.lengthOf(list) ?? 0);
  return index < 0 || (over.file?.lengthOf(list) ?? 0) <= index ? undefined : `${list}[${index}]${rest}`;
}

function locate(problems: readonly Problem[], { file, name }: OpenedSource): Problem[] {
  if (file !== undefined) return file.locate(problems);
  return problems.map((problem) => ({ path: name, message: formatProblem(problem) }));
}
