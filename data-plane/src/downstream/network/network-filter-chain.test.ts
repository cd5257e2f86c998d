import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryConnection } from '../../codec/testing/memory-connection.ts';
import type { Connection } from '../../transport/connection.ts';
import { ConnectionInfo } from './connection-info.ts';
import { createNetworkFilterChain } from './network-filter-chain.ts';
import type { FilterBuffer, FilterStatus, NetworkFilter, NetworkFilterCallbacks } from './network-filter.ts';

/** Says what it was told, in the order in which all of them were. */
class Recorder implements NetworkFilter {
  callbacks: NetworkFilterCallbacks | undefined;
  /** What the next calls say; then `continue`. */
  readonly answers: FilterStatus[] = [];
  onBytes: (data: FilterBuffer) => void = () => undefined;
  onWrite?: (data: FilterBuffer, endStream: boolean) => FilterStatus;
  onData?: (data: FilterBuffer, endStream: boolean) => FilterStatus;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[], directions: 'read' | 'write' | 'both') {
    this.#name = name;
    this.#log = log;
    if (directions !== 'write') this.onData = (data, endStream) => this.#say('data', data, endStream);
    if (directions !== 'read') this.onWrite = (data, endStream) => this.#say('write', data, endStream);
  }

  setCallbacks(callbacks: NetworkFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  onNewConnection(): FilterStatus {
    this.#log.push(`${this.#name} new`);
    return this.answers.shift() ?? 'continue';
  }

  onAboveWriteHighWatermark(): void {
    this.#log.push(`${this.#name} above`);
  }

  onBelowWriteLowWatermark(): void {
    this.#log.push(`${this.#name} below`);
  }

  onClose(reason: string): void {
    this.#log.push(`${this.#name} close ${reason}`);
  }

  #say(what: string, data: FilterBuffer, endStream: boolean): FilterStatus {
    this.#log.push(`${this.#name} ${what} ${data.bytes.toString()}${endStream ? ' end' : ''}`);
    this.onBytes(data);
    return this.answers.shift() ?? 'continue';
  }
}

function openChain(directions: readonly ('read' | 'write' | 'both')[], bufferLimitBytes = 0) {
  const log: string[] = [];
  const names = ['A', 'B', 'C'];
  const filters = directions.map((each, index) => new Recorder(names[index] ?? '', log, each));
  const connection = new MemoryConnection();
  let terminal: Connection | undefined;
  const factory = createNetworkFilterChain(
    filters.map((filter) => () => filter),
    {
      createSession(of) {
        terminal = of;
        of.setHandlers({
          onData: (chunk) => void log.push(`T data ${chunk.toString()}`),
          onEnd: () => void log.push('T end'),
          onClose: (reason) => void log.push(`T close ${reason}`),
          onAboveWriteHighWatermark: () => void log.push('T above'),
          onBelowWriteLowWatermark: () => void log.push('T below'),
        });
        return { onNewConnection: () => void log.push('T new'), close: () => of.close('abort') };
      },
    },
    bufferLimitBytes,
  );
  const session = factory.createSession(connection, {
    info: new ConnectionInfo(''),
    drainClose: () => false,
    onSessionEnd: () => void log.push('session end'),
  });
  return {
    connection,
    filters,
    session,
    terminal: terminal!,
    /** Lends the bytes, and writes over them afterwards. */
    receive: (text: string) => {
      const chunk = Buffer.from(text);
      connection.handlers!.onData(chunk);
      chunk.fill('?');
    },
    end: () => connection.handlers!.onEnd(),
    take: () => log.splice(0),
  };
}

test('a chain that is its terminal filter alone is that filter', () => {
  const terminal = { createSession: () => ({ close: () => undefined }) };
  assert.equal(createNetworkFilterChain([], terminal, 0), terminal);
});

test('reads go in the order of the chain, writes in the opposite one', () => {
  const { session, receive, end, terminal, connection, take } = openChain(['both', 'read', 'both']);
  session.onNewConnection!();
  assert.deepEqual(take(), ['A new', 'B new', 'C new', 'T new']);
  receive('x');
  assert.deepEqual(take(), ['A data x', 'B data x', 'C data x', 'T data x']);
  terminal.write('y');
  terminal.writeCopy(Buffer.from('-z-'), 1, 2);
  assert.deepEqual(take(), ['C write y', 'A write y', 'C write z', 'A write z']);
  end();
  assert.deepEqual(take(), ['A data  end', 'B data  end', 'C data  end', 'T end']);
  terminal.shutdownWrite();
  assert.deepEqual(take(), ['C write  end', 'A write  end']);
  assert.deepEqual([connection.takeWritten(), connection.isWriteShut], ['yz', true]);
});

test('a write filter alone neither sees reads nor stops them', () => {
  const { session, receive, terminal, take } = openChain(['write', 'read']);
  session.onNewConnection!();
  receive('x');
  terminal.write('y');
  assert.deepEqual(take(), ['A new', 'B new', 'T new', 'B data x', 'T data x', 'A write y']);
});

test('a filter that stops a new connection keeps it, and its bytes, from those behind it', () => {
  const { session, filters, receive, take } = openChain(['read', 'read', 'read']);
  filters[1]!.answers.push('stop-iteration', 'stop-iteration');
  session.onNewConnection!();
  assert.deepEqual(take(), ['A new', 'B new']);
  receive('x');
  assert.deepEqual(take(), ['A data x', 'B data x']);
  filters[1]!.callbacks!.continueReading();
  assert.deepEqual(take(), ['C new', 'C data x', 'T new', 'T data x']);
});

test('what stopped comes again with what is behind it, through all filters', () => {
  const { session, filters, receive, end, take } = openChain(['read', 'read']);
  session.onNewConnection!();
  take();
  filters[1]!.answers.push('stop-iteration', 'stop-iteration');
  receive('ab');
  receive('cd');
  assert.deepEqual(take(), ['A data ab', 'B data ab', 'A data abcd', 'B data abcd']);
  end();
  assert.deepEqual(take(), ['A data abcd end', 'B data abcd end', 'T data abcd', 'T end']);
});

test('a filter takes bytes, puts others in their place, and injects its own', () => {
  const { session, filters, receive, terminal, connection, take } = openChain(['both', 'both']);
  session.onNewConnection!();
  take();
  filters[0]!.onBytes = (data) => (data.bytes = Buffer.from(data.bytes.toString().toUpperCase()));
  receive('x');
  assert.deepEqual(take(), ['A data x', 'B data X', 'T data X']);
  filters[0]!.onBytes = (data) => (data.bytes = data.bytes.subarray(data.bytes.length));
  receive('gone');
  assert.deepEqual(take(), ['A data gone']);
  filters[0]!.callbacks!.injectReadData(Buffer.from('in'), false);
  assert.deepEqual(take(), ['B data in', 'T data in']);
  filters[0]!.onBytes = () => undefined;
  filters[1]!.answers.push('stop-iteration');
  terminal.write('kept');
  assert.deepEqual([take(), connection.takeWritten()], [['B write kept'], '']);
  filters[1]!.callbacks!.injectWriteData(Buffer.from('out'), true);
  assert.deepEqual([take(), connection.takeWritten()], [['A write out end'], 'out']);
  assert.ok(connection.isWriteShut);
});

test('a terminal filter that does not read gets bytes and end when it does', () => {
  const { session, receive, end, terminal, take } = openChain(['read']);
  session.onNewConnection!();
  terminal.readDisable(true);
  receive('x');
  end();
  assert.deepEqual(take(), ['A new', 'T new', 'A data x', 'A data x end']);
  terminal.readDisable(false);
  assert.deepEqual(take(), ['A data x end', 'T data x', 'T end']);
});

test('reading pauses while more than the limit waits', () => {
  const { session, filters, receive, connection } = openChain(['read'], 4);
  filters[0]!.answers.push('continue', 'stop-iteration', 'stop-iteration');
  session.onNewConnection!();
  receive('ab');
  assert.equal(connection.readDisableCount, 0);
  receive('cd');
  assert.equal(connection.readDisableCount, 1);
  filters[0]!.callbacks!.continueReading();
  assert.equal(connection.readDisableCount, 0);
});

test('nothing passes a filter that has closed the connection; all hear of its end', () => {
  const { session, filters, receive, connection, take } = openChain(['read', 'read']);
  session.onNewConnection!();
  take();
  filters[0]!.onBytes = () => filters[0]!.callbacks!.connection.close('abort');
  receive('x');
  assert.deepEqual([take(), connection.closeKind], [['A data x'], 'abort']);
  connection.handlers!.onClose('local', '');
  assert.deepEqual(take(), ['A close local', 'B close local', 'T close local']);
});

test('watermarks reach every filter', () => {
  const { connection, take } = openChain(['read', 'write']);
  connection.handlers!.onAboveWriteHighWatermark!();
  connection.handlers!.onBelowWriteLowWatermark!();
  assert.deepEqual(take(), ['A above', 'B above', 'T above', 'A below', 'B below', 'T below']);
});
