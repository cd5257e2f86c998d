import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { errorCatalogue, type ErrorCode } from '@heddle/shared/errors/error-catalogue';
import { UsageError } from '../usage-error.ts';
import { readProblemDocument, type ProblemLine } from './problem-document.ts';

export interface RestAnswer {
  readonly status: number;
  /** Parsed JSON; the text where the answer is none; undefined where it is empty. */
  readonly body: unknown;
  readonly etag: string | undefined;
}

export interface RestRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query, encoded. */
  readonly path: string;
  /** A value goes as JSON, text goes as it is with `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly ifMatch?: string;
  /** 30 s unless given. */
  readonly timeoutMs?: number;
}

export interface RestClient {
  readonly server: string;
  /**
   * Throws RefusedError for an answer of 400 and above, `peer-unreachable` when there is no answer,
   */
  send(request: RestRequest): Promise<RestAnswer>;
}

/** The control plane said no; `problems` has each thing that is wrong, with its position. */
export class RefusedError extends HeddleError {
  readonly status: number;
  readonly problems: readonly ProblemLine[];

  constructor(code: ErrorCode, message: string, status: number, problems: readonly ProblemLine[]) {
    super(code, message);
    this.name = 'RefusedError';
    this.status = status;
    this.problems = problems;
  }
}

/** Throws UsageError when the address is no URL. */
export function createRestClient(server: string): RestClient {
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new UsageError(`--server ${server}: expected a URL such as http://127.0.0.1:8600`);
  }
  const base = server.replace(/\/+$/, '');
  return {
    server: base,
    async send({ method = 'GET', path, body, contentType, ifMatch, timeoutMs = 30_000 }) {
      const headers: Record<string, string> = { accept: 'application/json' };
      if (body !== undefined) headers['content-type'] = contentType ?? 'application/json';
      if (ifMatch !== undefined) headers['if-match'] = ifMatch;
      let response: Response;
      let text: string;
      try {
        response = await fetch(base + path, {
          method,
          headers,
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        text = await response.text();
      } catch (thrown) {
        throw new HeddleError('peer-unreachable', `no control plane at ${base}: ${reasonOf(thrown)}`, {
          cause: thrown,
        });
      }
      const parsed = parseBody(text);
      if (response.status >= 400) throw refusalOf(response.status, parsed);
      return { status: response.status, body: parsed, etag: response.headers.get('etag') ?? undefined };
    },
  };
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refusalOf(status: number, body: unknown): RefusedError {
  const document = readProblemDocument(body);
  const code =
    document.code !== undefined && isErrorCode(document.code) ? document.code : codeOfStatus(status);
  return new RefusedError(code, document.message ?? `answered with ${status}`, status, document.problems);
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 404) return 'not-found';
  return status < 500 ? 'invalid-input' : 'internal';
}

/** fetch wraps what happened: `fetch failed` says nothing, its cause does. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return 'no answer in time';
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return messageOf(cause);
}
