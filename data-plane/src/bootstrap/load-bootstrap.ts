import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { Bootstrap as BootstrapMessage } from '@heddle/shared/xds/api';
import type { Bootstrap } from '../config/model/bootstrap.ts';
import type { DecoderOptions } from '../config/resources/decode-context.ts';
import {
  locateProblems,
  mergeMessages,
  openSource,
  type BootstrapSource,
  type OpenedSource,
} from './bootstrap-source.ts';
import { decodeBootstrap } from './decode-bootstrap.ts';
import type { NodeOverrides } from './node-identity.ts';

export interface LoadedBootstrap {
  readonly bootstrap: Bootstrap;
  /** What is accepted but probably not meant, and what is ignored; `path` is `file:line:column`. */
  readonly warnings: readonly Problem[];
}

export interface LoadOptions {
  readonly decoder: DecoderOptions;
  readonly overrides: NodeOverrides;
  /** Fields that the API lacks are warned of; otherwise they are refused. */
  readonly allowsUnknownFields?: boolean;
}

/**
 * Reads an Envoy bootstrap: one source, or a second one that is merged over the first.
 *
 * @throws InvalidInputError with every problem; `path` is `file:line:column`, the field stands in the message
 */
export function loadBootstrap(
  [base, over]: readonly [BootstrapSource, BootstrapSource?],
  { decoder, overrides, allowsUnknownFields = false }: LoadOptions,
): LoadedBootstrap {
  const { api } = decoder;
  const open = (): { base: OpenedSource; over: OpenedSource | undefined } => ({
    base: openSource(base, api),
    over: over === undefined ? undefined : openSource(over, api),
  });
  // Only until the bootstrap is decoded: the tree of a large file is larger than anything that is kept.
  let opened: ReturnType<typeof open> | undefined = open();
  const unknownFields: Problem[] = [];
  const read = (): BootstrapMessage => {
    const sources = opened ?? open();
    unknownFields.length = 0;
    const collected = allowsUnknownFields ? unknownFields : undefined;
    const messages = readAll(sources.base, sources.over, collected);
    const [first, second] = messages;
    return second === undefined ? first : mergeMessages(api, first, second);
  };
  try {
    const bootstrap = decodeBootstrap(read, decoder, overrides);
    const { base: first, over: second } = opened;
    return {
      bootstrap,
      warnings: [
        ...(first.file?.warnings ?? []),
        ...(second?.file?.warnings ?? []),
        ...unknownFields.map(({ path, message }) => ({ path, message: `is ignored: ${message}` })),
        ...locateProblems(bootstrap.ignored, first, second),
      ],
    };
  } catch (thrown) {
    if (!(thrown instanceof InvalidInputError) || thrown instanceof LocatedError) throw thrown;
    throw new InvalidInputError(locateProblems(thrown.problems, opened.base, opened.over));
  } finally {
    opened = undefined;
  }
}

/** Problems whose places are known already. */
class LocatedError extends InvalidInputError {}

/** The problems of both are found before either is decoded further. */
function readAll(
  base: OpenedSource,
  over: OpenedSource | undefined,
  unknownFields: Problem[] | undefined,
): [BootstrapMessage, BootstrapMessage?] {
  const problems: Problem[] = [];
  const messages = [base, ...(over === undefined ? [] : [over])].flatMap((source) => {
    try {
      return [source.read(unknownFields)];
    } catch (thrown) {
      if (!(thrown instanceof InvalidInputError)) throw thrown;
      problems.push(...(source.file?.locate(thrown.problems) ?? thrown.problems));
      return [];
    }
  });
  const [first, second] = messages;
  if (problems.length > 0 || first === undefined) throw new LocatedError(problems);
  return second === undefined ? [first] : [first, second];
}
