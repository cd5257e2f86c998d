import { RecordingClient } from '../src/codec/testing/recording-client.ts';
import { RecordingServer } from '../src/codec/testing/recording-server.ts';
import type { HeaderMap } from '../src/codec/header-map.ts';
import { CodecWorkspace } from '../src/codec/codec-workspace.ts';
import type { Reading } from './reading.ts';

/** As in a worker: what the codecs of many connections share. */
const workspace = new CodecWorkspace();

/** Places at which the bytes are cut, in order. */
export type Cuts = readonly number[];

/** The server codec's, answering every request at once. */
export function readRequestsWithCodec(bytes: Buffer, cuts: Cuts = []): Reading {
  const server = new RecordingServer({ acceptHttp10: true }, workspace);
  const reading: Reading = { messages: [], error: '' };
  server.onComplete = ({ headers, body }) => {
    reading.messages.push({
      start: headers.get(':method') ?? '',
      target: headers.get(':path') ?? '',
      values: fieldsOf(headers),
      body,
    });
    // With a length, so that an answer over HTTP/1.0 ends nothing.
    server.last.answer('200', '', { 'content-length': '0' });
  };
  for (const part of cutUp(bytes, cuts)) server.codec.dispatch(part);
  const last = server.requests.at(-1);
  if (last !== undefined && last.headers.get(':method') === 'CONNECT') {
    reading.messages.push({ start: 'CONNECT', target: '', values: [], body: '' });
  }
  reading.error = server.errors[0]?.details ?? '';
  return reading;
}

/** The client codec's, for the answer to `GET /`. */
export function readResponseWithCodec(bytes: Buffer, cuts: Cuts = []): Reading {
  const client = new RecordingClient({}, workspace);
  const reading: Reading = { messages: [], error: '' };
  const response = client.request();
  for (const part of cutUp(bytes, cuts)) client.codec.dispatch(part);
  client.codec.onEnd();
  if (response.isComplete) {
    reading.messages.push({
      start: response.status ?? '',
      target: '',
      values: response.headers === undefined ? [] : fieldsOf(response.headers),
      body: response.body,
    });
  }
  reading.error = client.errors[0]?.details ?? response.reset ?? '';
  return reading;
}

function fieldsOf(headers: HeaderMap): string[] {
  return [...headers].filter(([name]) => name.startsWith('x-')).map(([name, value]) => `${name}: ${value}`);
}

function cutUp(bytes: Buffer, cuts: Cuts): Buffer[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
