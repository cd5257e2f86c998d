import { forbiddenTrailers } from '../../src/codec/http1/trailer-parser.ts';
import { cancel, noError } from '../../src/codec/http2/protocol.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

/** What a reader made of one stream. */
export interface StreamReading {
  /** Heads of 1xx. */
  readonly informational: string[];
  /** `name: value`, in the order of names. */
  head: readonly string[] | undefined;
  body: string;
  trailers: readonly string[] | undefined;
  /** `refused`: the reader reset it. */
  end: 'open' | 'complete' | 'reset' | 'refused';
  /** Of the reader's RST_STREAM. */
  code: number;
  /** Why, in the reader's words, as far as it says so. */
  detail: string;
}

/** What a reader made of a connection. */
export interface Http2Reading {
  readonly streams: Map<number, StreamReading>;
  /** Of a GOAWAY that the reader wrote, other than NO_ERROR. */
  goAwayCode: number | undefined;
  /** Why it did, in the reader's words. */
  detail: string;
}

export function createReading(): Http2Reading {
  return { streams: new Map(), goAwayCode: undefined, detail: '' };
}

export function streamIn(reading: Http2Reading, streamId: number): StreamReading {
  let stream = reading.streams.get(streamId);
  if (stream === undefined) {
    stream = {
      informational: [],
      head: undefined,
      body: '',
      trailers: undefined,
      end: 'open',
      code: 0,
      detail: '',
    };
    reading.streams.set(streamId, stream);
  }
  return stream;
}

/** RST_STREAM was written. Of a complete message only what says that something was wrong. */
export function noteReset(reading: Http2Reading, streamId: number, code: number): void {
  const stream = streamIn(reading, streamId);
  // The first says why.
  if (stream.code !== 0) return;
  if (stream.end === 'complete') {
    if (code !== noError && code !== cancel) stream.code = code;
    return;
  }
  stream.end = 'refused';
  stream.code = code;
}

/**
 * Two ways to say the same become one: `host` for `:authority`, crumbs of cookies, zeros before a length. The key of an
 * upgrade may be ours.
 */
export function toHead(fields: Fields): readonly string[] {
  const isUpgrade = valueOf(fields, ':protocol') !== undefined;
  const authority = valueOf(fields, ':authority') ?? valueOf(fields, 'host');
  const cookies = fields.filter(([name]) => name === 'cookie').map(([, value]) => value);
  const rest = fields.filter(
    ([name]) =>
      !['cookie', 'host', ':authority'].includes(name) && !(isUpgrade && name === 'sec-websocket-key'),
  );
  if (authority !== undefined) rest.push([':authority', authority]);
  if (cookies.length > 0) rest.push(['cookie', cookies.filter((crumb) => crumb !== '').join('; ')]);
  return toLines(
    rest.map(([name, value]) => [name, name === 'content-length' ? value.replace(/^0+(?=\d)/, '') : value]),
  );
}

/** Without what we drop of them. Undefined when nothing is left. */
export function toTrailers(fields: Fields): readonly string[] | undefined {
  const kept = fields.filter(([name]) => name !== 'te' && !forbiddenTrailers.has(name));
  return kept.length === 0 ? undefined : toLines(kept);
}

function toLines(fields: Fields): readonly string[] {
  const sorted = fields.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.map(([name, value]) => `${name}: ${value}`);
}

export function valueOf(fields: Fields, wanted: string): string | undefined {
  return fields.find(([name]) => name === wanted)?.[1];
}

/** For reports. */
export function showReading({ streams, goAwayCode, detail }: Http2Reading): string {
  const shown = [...streams].map(([id, stream]) => {
    const { head, body, trailers, end, code, informational } = stream;
    const name = code === 0 ? end : `${end}, refused ${code} (${stream.detail})`;
    return `${id} ${name} ${JSON.stringify({ informational, head, body: body.slice(0, 100), trailers })}`;
  });
  return [...shown, `goaway ${goAwayCode} (${detail})`].join('; ');
}
