import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { AcceptedConnection, ListenerFilter, ListenerFilterStatus } from './listener-filter.ts';

export const httpInspectorStats = describeStats(['http_inspector.'], (make) => ({
  http10Found: make.counter('http10_found', 'Connections that begin with a request of HTTP/1.0 or older.'),
  http11Found: make.counter('http11_found', 'Connections that begin with a request of HTTP/1.1.'),
  http2Found: make.counter('http2_found', 'Connections that begin with the preface of HTTP/2.'),
  notFound: make.counter('http_not_found', 'Connections that begin with anything else.'),
  readError: make.counter('read_error', 'Connections that were closed since their first line did not end.'),
}));

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const maxLineBytes = 64 * 1024;
const noMethod = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/;
/** A method, what is asked for, and a version, as loosely as Envoy looks at them; HTTP/0.9 names no version. */
const requestLine =
  /^(?:CONNECT[ \t]+\S+|[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]+(?:\/[^\s\x80-\xff]*|\*|[a-z]+:\/\/[^\s\x80-\xff]+))(?:[ \t]+HTTP\/(\d\.\d) *)?$/i;
const versionAtEnd = /HTTP\/\d\.\d *$/;

/** Looks for HTTP in plain text, whose version counts as application protocol; takes nothing. */
export class HttpInspector implements ListenerFilter {
  readonly #stats: StatsOf<typeof httpInspectorStats>;

  constructor(stats: StatsOf<typeof httpInspectorStats>) {
    this.#stats = stats;
  }

  inspect(accepted: AcceptedConnection): ListenerFilterStatus {
    const { bytes, clientHello } = accepted;
    if (clientHello !== undefined && clientHello !== 'none') return 'continue';
    if (bytes.length === 0) return 'wait';
    const prefaceBytes = Math.min(bytes.length, preface.length);
    if (preface.compare(bytes, 0, prefaceBytes, 0, prefaceBytes) === 0) {
      if (bytes.length < preface.length) return 'wait';
      return this.#find(accepted, 'h2c');
    }
    const lineEnd = bytes.indexOf('\n');
    if (lineEnd < 0) {
      // What is there decides as early as it can.
      const [method = ''] = bytes.toString('latin1', 0, 64).split(/[ \t]/, 1);
      if (noMethod.test(method)) return this.#find(accepted, undefined);
      if (bytes.length < maxLineBytes) return 'wait';
      this.#stats.readError.inc();
      return 'close';
    }
    const line = bytes.toString('latin1', 0, bytes[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd);
    const [, version] = requestLine.exec(line) ?? [];
    const isRequest = requestLine.test(line) && (version === undefined || versionAtEnd.test(line));
    return this.#find(accepted, isRequest ? (version === '1.1' ? 'http/1.1' : 'http/1.0') : undefined);
  }

  #find(accepted: AcceptedConnection, protocol: 'h2c' | 'http/1.1' | 'http/1.0' | undefined): 'continue' {
    const { http10Found, http11Found, http2Found, notFound } = this.#stats;
    if (protocol === undefined) {
      notFound.inc();
      return 'continue';
    }
    (protocol === 'h2c' ? http2Found : protocol === 'http/1.1' ? http11Found : http10Found).inc();
    accepted.applicationProtocols = [protocol];
    return 'continue';
  }
}
