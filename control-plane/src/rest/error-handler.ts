import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemContentType, toProblemDocument } from './problem-document.ts';

/** Seconds after which a client should repeat what failed because the registry was away. */
const retryAfterSeconds = 1;

/** The only place where errors become answers of the REST API: problem+json (RFC 9457), whatever went wrong. */
export function installErrorHandler(app: FastifyInstance, onRefused: (code: string) => void): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = toHeddleError(thrown, request);
    onRefused(error.code);
    sendProblem(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    onRefused('unknown-path');
    sendProblem(new HeddleError('unknown-path', `no such path: ${shownPath(request)}`), request, reply);
  });
}

/** For errors that Fastify finds before it knows the route, such as a path with a broken escape. */
export function handleFrameworkError(
  thrown: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendProblem(new HeddleError('invalid-input', thrown.message, { cause: thrown }), request, reply);
}

/** For bytes that are no HTTP request: there is no reply object, only the socket. */
export function handleClientError(thrown: Error & { code?: string }, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const error = new HeddleError('invalid-input', `not an HTTP request: ${thrown.message}`);
  const status =
    thrown.code === 'HPE_HEADER_OVERFLOW' ? 431 : thrown.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({ ...toProblemDocument(error), status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${problemContentType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function sendProblem(error: HeddleError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblemDocument(error);
  if (problem.status >= 500) {
    request.log[error.code === 'internal' ? 'error' : 'warn'](
      { err: error, code: error.code },
      'request failed',
    );
  }
  if (error.code === 'registry-unavailable') void reply.header('retry-after', retryAfterSeconds);
  // What an unforeseen error says may be nobody's business; it stands in the log.
  const document =
    error.code === 'internal' ? { ...problem, detail: 'see the log of the control plane' } : problem;
  void reply.code(problem.status).header('content-type', problemContentType).send(JSON.stringify(document));
}

function toHeddleError(thrown: unknown, request: FastifyRequest): HeddleError {
  if (thrown instanceof HeddleError) return thrown;
  const { code = '', statusCode = 500 } = thrown as Partial<FastifyError>;
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
      const given = request.headers['content-type'];
      const shown =
        given === undefined ? 'no content-type' : `content-type ${JSON.stringify(given.slice(0, 100))}`;
      const taken = request.routeOptions.schema?.consumes?.join(', ') ?? 'application/json';
      return new HeddleError('unsupported-media-type', `the request has ${shown}; the path takes ${taken}`);
    }
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HeddleError('body-too-large', `the limit is ${request.routeOptions.bodyLimit} bytes`);
    default:
      // Fastify's own refusals (a wrong content-length, an aborted body) are the client's doing.
      return HeddleError.from(thrown, statusCode >= 400 && statusCode < 500 ? 'invalid-input' : 'internal');
  }
}

function shownPath(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]?.slice(0, 200) ?? '';
}

export function methodNotAllowed(method: string, allowed: readonly string[]): HeddleError {
  return new HeddleError('method-not-allowed', `${method} is not one of ${allowed.join(', ')}`);
}

/** The error for a body that is no JSON; says where. */
export function malformedJson(thrown: unknown, body: string): HeddleError {
  const message = messageOf(thrown);
  if (message.includes('position'))
    return new HeddleError('invalid-input', `the body is not JSON: ${message}`);
  // V8 names no position when the text ends too early.
  const lines = body.split('\n');
  const position = `line ${lines.length} column ${(lines.at(-1) ?? '').length + 1}`;
  return new HeddleError('invalid-input', `the body is not JSON: ${message} (${position})`);
}
