import { createSeededRng } from '@heddle/shared/random/rng';
import type { TypeRegistry } from '@heddle/shared/xds/message-type';
import type { BootstrapFile, Feature } from './bootstrap-file.ts';
import { mutate } from './mutate.ts';
import { textFiles } from './text-files.ts';
import { validFiles } from './valid-files.ts';
import { validHttpFiles } from './valid-http-files.ts';

const seed = 9;

/** The corpus; the same at every call. */
export function allFiles(types: TypeRegistry): BootstrapFile[] {
  const rng = createSeededRng(seed);
  const made = [...validFiles, ...validHttpFiles].flatMap((feature) => [
    toFile(feature, 'valid', feature.name),
    ...mutate(types, feature.document, rng).map(({ kind, place, document }) =>
      toFile({ ...feature, document }, kind, `${feature.name}: ${kind} at ${place}`),
    ),
  ]);
  return [...textFiles, ...made];
}

function toFile({ document }: Feature, kind: BootstrapFile['kind'], name: string): BootstrapFile {
  // JSON is YAML too; long lines do not matter to anybody.
  return { name, kind, text: JSON.stringify(document), syntax: 'json' };
}
