import { HeaderMap } from '../../src/codec/header-map.ts';
import { CodecWorkspace } from '../../src/codec/codec-workspace.ts';
import { RecordingServer } from '../../src/codec/testing/recording-server.ts';
import { MessageReader } from '../../test/http1-rules/message-reader.ts';
import { valueOf, type SeenMessage } from '../../test/http1-rules/observation.ts';
import { readResponseWithLlhttp, type LlhttpServerOracle } from '../llhttp-oracle.ts';
import { methodOf } from './client-requests.ts';
import type { CodecReading } from './codec-reading.ts';
import { passHttp2Answer, passHttp2Request, writeHttp1Answer, writeHttp1Request } from './forwarding.ts';
import type { RecordedMessage } from './recorded-message.ts';
import { toHead, type Fields } from './reading.ts';

const workspace = new CodecWorkspace();
/** Of `Upgrade`, in which a server chooses from a list (RFC 9110, 7.8). */
const oneProtocol = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/** Of framing and of one hop: written anew in HTTP/1.1. */
const rewritten = [
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-connection',
];

/**
 * Whatever was delivered, written in HTTP/1.1 it is exactly one request for the strictest reader and our server codec, and
 * one at most for llhttp, with the same meaning; and in HTTP/2 it is what it was. What is wrong; undefined: nothing.
 */
export async function checkForwardedRequests(
  { messages }: CodecReading,
  llhttp: LlhttpServerOracle,
): Promise<string | undefined> {
  for (const message of messages.values()) {
    const { text, isGivenUp } = writeHttp1Request(message.events);
    const fault = isGivenUp
      ? checkCount(read(text, 'requests'), 0)
      : (checkHttp1Request(message, text) ?? (await checkWithOthers(text, llhttp)));
    if (fault !== undefined) return `${fault}: ${JSON.stringify(text)}`;
    const passed = passHttp2Request(message.events);
    const http2Fault = comparePassed(message, passed);
    if (http2Fault !== undefined) return http2Fault;
  }
  return undefined;
}

export async function checkForwardedAnswers({ messages }: CodecReading): Promise<string | undefined> {
  for (const [streamId, message] of messages) {
    if (message.headers === undefined) continue;
    const method = methodOf(streamId);
    const { text, isGivenUp } = writeHttp1Answer(message.events, method);
    const fault = isGivenUp
      ? undefined
      : (checkHttp1Answer(message, text, method) ?? (await checkAnswerWithLlhttp(message, text, method)));
    if (fault !== undefined) return `${fault}: ${JSON.stringify(text)}`;
    const http2Fault = comparePassed(message, passHttp2Answer(message.events, method));
    if (http2Fault !== undefined) return http2Fault;
  }
  return undefined;
}

interface Seen {
  readonly messages: readonly SeenMessage[];
  readonly faults: readonly string[];
  readonly hasPartial: boolean;
}

function read(text: string, kind: 'requests' | 'answers', method = ''): Seen {
  const messages: SeenMessage[] = [];
  const faults: string[] = [];
  const reader = new MessageReader(kind, {
    onMessage: (message) => void messages.push(message),
    onFault: (fault) => void faults.push(fault),
  });
  if (method !== '') reader.expectAnswerTo(method);
  reader.feed(text);
  return { messages, faults, hasPartial: reader.hasPartialMessage };
}

function checkCount(
  { messages, faults, hasPartial }: Seen,
  count: number,
  isEnd = count > 0,
): string | undefined {
  if (faults.length > 0) return faults.join('; ');
  if (messages.length !== count) return `${messages.length} messages instead of ${count}`;
  return isEnd && hasPartial ? 'something behind the message' : undefined;
}

function checkHttp1Request(message: RecordedMessage, text: string): string | undefined {
  const { headers, isComplete, body } = message;
  if (headers === undefined) return text === '' ? undefined : 'bytes of no request';
  const seen = read(text, 'requests');
  const isTunnel = headers.get(':method') === 'CONNECT' || headers.has('upgrade');
  const isWhole = isComplete || isTunnel || hasAllContent(message);
  const fault = checkCount(seen, isWhole ? 1 : 0);
  const [request] = seen.messages;
  if (fault !== undefined || request === undefined) return fault;
  const [method, target] = request.startLine.split(' ');
  const authority = headers.get(':authority');
  const wanted = [headers.get(':method'), method === 'CONNECT' ? authority : headers.get(':path'), authority];
  const got = [method, target, valueOf(request.fields, 'host')];
  if (JSON.stringify(wanted) !== JSON.stringify(got)) return `${wanted.join(' ')} became ${got.join(' ')}`;
  const upgrade = valueOf(request.fields, 'upgrade');
  if (upgrade !== headers.get('upgrade') || !oneProtocol.test(upgrade ?? 'none'))
    return `upgrade to ${upgrade}`;
  return compareContent(message, request, isTunnel ? '' : body);
}

function checkHttp1Answer(message: RecordedMessage, text: string, method: string): string | undefined {
  const seen = read(text, 'answers', method);
  const status = message.headers?.get(':status') ?? '';
  const isBodiless = method === 'HEAD' || status === '204' || status === '304';
  const isWhole = message.isComplete || isBodiless || hasAllContent(message);
  const fault = checkCount(seen, message.informational.length + (isWhole ? 1 : 0), isWhole);
  const answer = seen.messages.at(message.informational.length);
  if (fault !== undefined || answer === undefined) return fault;
  if (answer.startLine.slice(9, 12) !== status) return answer.startLine;
  return compareContent(message, answer, message.body);
}

/** END_STREAM may come later. */
function hasAllContent({ headers, body }: RecordedMessage): boolean {
  return headers?.get('content-length') === String(body.length);
}

function compareContent(
  { headers, trailers }: RecordedMessage,
  seen: SeenMessage,
  body: string,
): string | undefined {
  if (seen.body !== body) return `the body became ${JSON.stringify(seen.body)}`;
  const sent = toLines([...(headers ?? [])].filter(([name]) => !name.startsWith(':')));
  const got = toLines(seen.fields);
  if (got.join('\n') !== sent.join('\n')) return `fields ${sent.join()} became ${got.join()}`;
  const lost = toLines([...(trailers ?? [])]).filter((line) => !toLines(seen.trailers).includes(line));
  // Only a chunked body has room for trailers.
  return lost.length > 0 && valueOf(seen.fields, 'transfer-encoding') !== undefined
    ? `lost trailers ${lost.join()}`
    : undefined;
}

function toLines(fields: Fields): string[] {
  const kept = fields.filter(([name]) => name !== 'host' && !rewritten.includes(name));
  return kept.map(([name, value]) => `${name}: ${value}`);
}

async function checkWithOthers(text: string, llhttp: LlhttpServerOracle): Promise<string | undefined> {
  const bytes = Buffer.from(text, 'latin1');
  const own = new RecordingServer({ allowCustomMethods: true }, workspace);
  own.codec.dispatch(bytes);
  if (text !== '' && own.requests.length !== 1) return `${own.requests.length} requests for our server codec`;
  if (own.errors.length > 0) return `our server codec refuses it: ${own.errors[0]?.details}`;
  const theirs = await llhttp.read(bytes, bytes.length);
  if (theirs.messages.length > 1) return 'two requests for llhttp';
  // It knows a list of methods, and PRI as that of another version.
  const isForeign = theirs.error === 'HPE_INVALID_METHOD' || text.startsWith('PRI ');
  const isRefused = theirs.error !== '' && !isForeign;
  return isRefused ? `llhttp refuses it: ${theirs.error}` : undefined;
}

async function checkAnswerWithLlhttp(
  message: RecordedMessage,
  text: string,
  method: string,
): Promise<string | undefined> {
  // The oracle asks with GET.
  if (method === 'HEAD' || !message.isComplete) return undefined;
  const { messages, error } = await readResponseWithLlhttp(Buffer.from(text, 'latin1'));
  const [answer] = messages;
  if (answer === undefined) return `llhttp refuses it: ${error}`;
  return answer.start === message.headers?.get(':status') && answer.body === message.body
    ? undefined
    : 'llhttp reads it differently';
}

function comparePassed(sent: RecordedMessage, got: RecordedMessage | undefined): string | undefined {
  const { headers } = sent;
  if (headers === undefined) return undefined;
  const show = (message: RecordedMessage | undefined): string =>
    JSON.stringify([
      message?.informational.map(comparableHead),
      comparableHead(message?.headers ?? new HeaderMap()),
      message?.body,
      [...(message?.trailers ?? [])],
      message?.isComplete,
    ]);
  const lost = [...(headers.neverIndexed ?? [])].filter(
    (name) =>
      !isDropped(name, headers) && headers.has(name) && got?.headers?.neverIndexed?.has(name) !== true,
  );
  if (lost.length > 0) return `HTTP/2 wrote ${lost.join()} so that it may be indexed`;
  const before = show(sent);
  const behind = show(got);
  return before === behind ? undefined : `HTTP/2 wrote ${before} as ${behind}, ${got?.reset?.detail ?? ''}`;
}

/** What is not passed on as it came: the host beside `:authority`, and a length where none may be (RFC 9110, 8.6). */
function isDropped(name: string, headers: HeaderMap): boolean {
  return name === 'host' || (name === 'content-length' && /^(1|204)/.test(headers.get(':status') ?? ''));
}

/** Protocols go out in lower case. */
function comparableHead(headers: HeaderMap): readonly string[] {
  const fields = [...headers].filter(([name]) => !isDropped(name, headers));
  return toHead(fields.map(([name, value]) => [name, name === 'upgrade' ? value.toLowerCase() : value]));
}
