import { readFileSync } from 'node:fs';
import type { DataSource } from '@heddle/shared/xds/api';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { DecodeContext } from './decode-context.ts';

const noBytes = Buffer.alloc(0);

/** The bytes that a `DataSource` stands for. A file is read once, now. */
export function readDataSource(context: DecodeContext, source: DataSource, path: string): Buffer {
  if (source.inlineString !== undefined) return Buffer.from(source.inlineString);
  if (source.inlineBytes !== undefined) return Buffer.from(source.inlineBytes);
  if (source.filename === undefined) return noBytes;
  try {
    return readFileSync(source.filename);
  } catch (thrown) {
    context.refuse(`${path}.filename`, `cannot be read: ${messageOf(thrown)}`);
    return noBytes;
  }
}
