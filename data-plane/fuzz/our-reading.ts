import { RecordingClient } from '../src/codec/testing/recording-client.ts';
import { RecordingServer } from '../src/codec/testing/recording-server.ts';
import type { Reading } from './reading.ts';

/** The server codec's, answering every request at once. */
export function readRequestsWithCodec(bytes: Buffer): Reading {
  const server = new RecordingServer({ acceptHttp10: true });
  const reading: Reading = { messages: [], error: '' };
  server.onComplete = ({ headers, body }) => {
    reading.messages.push({
      start: headers.get(':method') ?? '',
      target: headers.get(':path') ?? '',
      values: headers.getAll('x-a'),
      body,
    });
    server.last.answer('200');
  };
  server.codec.dispatch(bytes);
  const last = server.requests.at(-1);
  if (last !== undefined && last.headers.get(':method') === 'CONNECT') {
    reading.messages.push({ start: 'CONNECT', target: '', values: [], body: '' });
  }
  reading.error = server.errors[0]?.details ?? '';
  return reading;
}

/** The client codec's, for the answer to `GET /`. */
export function readResponseWithCodec(bytes: Buffer): Reading {
  const client = new RecordingClient();
  const reading: Reading = { messages: [], error: '' };
  const response = client.request();
  client.codec.dispatch(bytes);
  client.codec.onEnd();
  if (response.isComplete) {
    reading.messages.push({
      start: response.status ?? '',
      target: '',
      values: response.headers?.getAll('x-a') ?? [],
      body: response.body,
    });
  }
  reading.error = client.errors[0]?.details ?? response.reset ?? '';
  return reading;
}
