import { connect, sensitiveHeaders, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { ResponseEncoder } from '../../src/codec/codec.ts';
import { HeaderMap } from '../../src/codec/header-map.ts';
import { createHttp2ServerCodec } from '../../src/codec/http2/server-codec.ts';
import { createTestOptions } from '../../src/codec/http2/testing/memory-pair.ts';
import { MemoryConnection } from '../../src/codec/testing/memory-connection.ts';
import { FrameWire } from './frame-wire.ts';
import { generateValue } from './generate-message.ts';
import { ignoreErrors, pairsOf } from './nghttp2-session.ts';
import { oneIn, pick } from './pick.ts';
import { RecordedMessage } from './recorded-message.ts';
import { toHead, type Fields } from './reading.ts';

/** A request of nghttp2 and our answer; names in `secrets` are never indexed, in both. */
export interface Exchange {
  readonly request: Fields;
  readonly answer: Fields;
  readonly secrets: readonly string[];
  /** nghttp2 announces this first; our encoder follows. */
  readonly tableBytes: number | undefined;
}

const names = ['x-a', 'x-bb', 'accept', 'x-token', 'via', 'x-request-id', 'x-long-name-of-a-field'];

export function generateExchanges(rng: Rng): Exchange[] {
  const fields = (): Fields => {
    const picked = names.filter(() => oneIn(rng, 2));
    return picked.map((name) => [
      name,
      oneIn(rng, 2) ? `value-${randomInteger(rng, 9)}` : generateValue(rng),
    ]);
  };
  return Array.from({ length: 1 + randomInteger(rng, 12) }, () => ({
    request: fields(),
    answer: [...fields(), ...fields()],
    secrets: names.filter(() => oneIn(rng, 6)),
    tableBytes: oneIn(rng, 5) ? pick(rng, [0, 50, 200, 4_096, 65_536]) : undefined,
  }));
}

export function describeExchanges(exchanges: readonly Exchange[]): string {
  return JSON.stringify(exchanges);
}

/** nghttp2's blocks read by us, and ours by nghttp2, on one connection. Undefined: all arrived as they were sent. */
export async function checkExchanges(exchanges: readonly Exchange[]): Promise<string | undefined> {
  const wire = new FrameWire();
  const connection = new MemoryConnection();
  const received: { readonly message: RecordedMessage; readonly encoder: ResponseEncoder }[] = [];
  const errors: string[] = [];
  const codec = createHttp2ServerCodec(
    connection,
    {
      onNewStream: (encoder) => {
        const message = new RecordedMessage();
        received.push({ message, encoder });
        return message;
      },
      onProtocolError: ({ details }) => void errors.push(details),
      onStreamEnd: () => undefined,
    },
    createTestOptions(),
    1024 * 1024,
  );
  const pass = (): void => {
    const written = connection.takeWritten();
    if (written !== '') wire.push(Buffer.from(written, 'latin1'));
  };
  wire.onBytes = (bytes) => {
    codec.dispatch(bytes);
    pass();
  };
  const session = connect('http://a.test', { createConnection: () => wire });
  ignoreErrors(session);
  pass();
  try {
    for (const exchange of exchanges) {
      const answer = beginExchange(session, exchange);
      await wire.until(() => received.length > 0 || errors.length > 0);
      const last = received.pop();
      if (last === undefined) return `no request: ${errors.join()}`;
      const fault = checkRequest(exchange, last.message);
      if (fault !== undefined) return fault;
      last.encoder.encodeHeaders(answerOf(exchange), true);
      pass();
      await wire.until(() => answer.head !== undefined || answer.hasEnded);
      const answerFault = checkAnswer(exchange, answer);
      if (answerFault !== undefined) return answerFault;
    }
    return errors[0];
  } finally {
    session.destroy();
    wire.destroy();
  }
}

interface SeenAnswer {
  head: Fields | undefined;
  secrets: readonly string[];
  hasEnded: boolean;
}

function beginExchange(session: ClientHttp2Session, { request, secrets, tableBytes }: Exchange): SeenAnswer {
  if (tableBytes !== undefined) session.settings({ headerTableSize: tableBytes });
  const seen: SeenAnswer = { head: undefined, secrets: [], hasEnded: false };
  const fields = { ':path': '/', ...Object.fromEntries(request), [sensitiveHeaders]: [...secrets] };
  const stream = session.request(fields, { endStream: true });
  stream.on('response', (headers: IncomingHttpHeaders, _flags: number, ...rest: unknown[]) => {
    seen.head = pairsOf(rest[0]);
    seen.secrets = (headers as { [sensitiveHeaders]?: string[] })[sensitiveHeaders] ?? [];
    stream.resume();
  });
  stream.on('close', () => {
    seen.hasEnded = true;
  });
  stream.on('error', () => undefined);
  return seen;
}

function answerOf({ answer, secrets }: Exchange): HeaderMap {
  const headers = HeaderMap.of({ ':status': '200' });
  for (const [name, value] of answer) headers.add(name, value);
  headers.neverIndexed = new Set(secrets);
  return headers;
}

function checkRequest({ request, secrets }: Exchange, { headers }: RecordedMessage): string | undefined {
  const got = toHead([...(headers ?? new HeaderMap())].filter(([name]) => !name.startsWith(':')));
  const sent = toHead(request);
  if (JSON.stringify(got) !== JSON.stringify(sent)) return `request: sent ${sent.join()}, got ${got.join()}`;
  const lost = request.filter(
    ([name]) => secrets.includes(name) && headers?.neverIndexed?.has(name) !== true,
  );
  return lost.length === 0 ? undefined : `request: ${lost.join()} may be indexed`;
}

function checkAnswer({ answer, secrets }: Exchange, seen: SeenAnswer): string | undefined {
  const got = JSON.stringify((seen.head ?? []).filter(([name]) => name !== ':status'));
  const sent = JSON.stringify(answer);
  if (got !== sent) return `answer: sent ${sent}, got ${got}`;
  const lost = answer.filter(([name]) => secrets.includes(name) && !seen.secrets.includes(name));
  return lost.length === 0 ? undefined : `answer: ${lost.join()} may be indexed`;
}
