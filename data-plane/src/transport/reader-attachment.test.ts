import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@heddle/shared/time/clock';
import { ReadSlabs } from './read-slabs.ts';
import { attachReader, findReaderAttachment } from './reader-attachment.ts';
import { SocketReader } from './socket-reader.ts';

test('a socket that cannot read into slabs keeps reading by events', async () => {
  const readSlabs = new ReadSlabs(systemClock);
  const readerAttachment = await findReaderAttachment(() => new SocketReader(readSlabs));
  assert.ok(readerAttachment !== undefined, 'the self-test passes on this Node');
  const withoutHandle = new Socket();
  assert.equal(attachReader({ readerAttachment, readSlabs }, withoutHandle), undefined);
  assert.equal(attachReader({ readerAttachment: undefined, readSlabs }, withoutHandle), undefined);
});
