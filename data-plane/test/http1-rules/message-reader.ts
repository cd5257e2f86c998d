import { valueOf, type Field, type SeenMessage } from './observation.ts';

/** How a body is delimited. `none` also for what the head says of a body that is not there (HEAD, 304). */
type Framing =
  { readonly kind: 'none' | 'chunked' | 'until-close' } | { readonly kind: 'length'; readonly bytes: number };

export interface ReaderEvents {
  onHead?(fields: readonly Field[]): void;
  onMessage(message: SeenMessage): void;
  /** The bytes do not match the grammar; nothing further is read. */
  onFault(fault: string): void;
}

/** Controls but NUL, CR and LF may be kept in a value (RFC 9110 5.5). */
const fieldLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/;
const requestLine = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.[01]$/;
const statusLine = /^HTTP\/1\.[01] [1-5]\d\d [\t\x20-\x7e\x80-\xff]*$/;
const chunkLine = /^([0-9a-fA-F]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * Reads what a proxy wrote, as the strictest peer would: RFC 9112 without any of its leniencies. Written from the
 * grammar alone, without a line of the codecs that it judges.
 */
export class MessageReader {
  readonly #isRequest: boolean;
  readonly #events: ReaderEvents;
  /** Methods of the requests whose answers are to come: how an answer is framed depends on them. */
  readonly #methods: string[] = [];
  #text = '';
  #isStopped = false;
  #head:
    { readonly startLine: string; readonly fields: readonly Field[]; readonly framing: Framing } | undefined;

  constructor(kind: 'requests' | 'answers', events: ReaderEvents) {
    this.#isRequest = kind === 'requests';
    this.#events = events;
  }

  get hasPartialMessage(): boolean {
    return !this.#isStopped && (this.#head !== undefined || this.#text !== '');
  }

  expectAnswerTo(method: string): void {
    this.#methods.push(method);
  }

  /** Reads no more; returns what is left. */
  stop(): string {
    this.#isStopped = true;
    return this.#text;
  }

  feed(text: string): void {
    if (this.#isStopped) return;
    this.#text += text;
    while (this.#readOne());
  }

  /**
   * The sender closed: a message that lasts until then is complete. After a reset it is so only when all of it is its
   * head: nothing can be missing of that.
   */
  end(isReset: boolean): void {
    if (this.#isStopped || this.#head?.framing.kind !== 'until-close') return;
    if (isReset && this.#text !== '') return;
    const { startLine, fields } = this.#head;
    const body = this.stop();
    this.#events.onMessage({ startLine, fields, body, trailers: [] });
  }

  /** False when there is nothing more to read now. */
  #readOne(): boolean {
    if (this.#isStopped) return false;
    if (this.#head === undefined && !this.#readHead()) return false;
    const head = this.#head;
    if (head === undefined) return false;
    const { framing } = head;
    switch (framing.kind) {
      case 'until-close':
        return false;
      case 'none':
        this.#complete('', 0, []);
        return true;
      case 'length':
        if (this.#text.length < framing.bytes) return false;
        this.#complete(this.#text.slice(0, framing.bytes), framing.bytes, []);
        return true;
      case 'chunked':
        return this.#readChunked();
    }
  }

  #readHead(): boolean {
    if (this.#text === '') return false;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) {
      if (/(^|[^\r])\n|\r[^\n]/.test(this.#text)) this.#fault('a bare CR or LF in a head', this.#text);
      return false;
    }
    const [startLine = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    if (!(this.#isRequest ? requestLine : statusLine).test(startLine))
      return this.#fault('start line', startLine);
    const fields = this.#readFields(lines);
    if (fields === undefined) return false;
    const framing = this.#frame(startLine, fields);
    if (framing === undefined) return false;
    this.#text = this.#text.slice(end + 4);
    this.#head = { startLine, fields, framing };
    this.#events.onHead?.(fields);
    return !this.#isStopped;
  }

  #readFields(lines: readonly string[]): Field[] | undefined {
    const fields: Field[] = [];
    for (const line of lines) {
      const match = fieldLine.exec(line);
      if (match === null) {
        this.#fault('field line', line);
        return undefined;
      }
      fields.push([(match[1] ?? '').toLowerCase(), match[2] ?? '']);
    }
    return fields;
  }

  #frame(startLine: string, fields: readonly Field[]): Framing | undefined {
    const coding = valueOf(fields, 'transfer-encoding');
    const length = valueOf(fields, 'content-length');
    if (this.#isRequest && fields.filter(([name]) => name === 'host').length !== 1) {
      if (startLine.endsWith('HTTP/1.1')) this.#fault('Host', startLine);
    }
    if (length !== undefined && !/^\d+$/.test(length)) this.#fault('content-length', length);
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') this.#fault('transfer-encoding', coding);
    if (coding !== undefined && length !== undefined) this.#fault('both framing fields', length);
    if (this.#isStopped) return undefined;
    if (!this.#isRequest) {
      const framing = this.#frameAnswer(startLine, length !== undefined, coding !== undefined);
      if (framing !== undefined) return framing;
    }
    if (coding !== undefined) return { kind: 'chunked' };
    if (length !== undefined) return { kind: 'length', bytes: Number(length) };
    return { kind: this.#isRequest ? 'none' : 'until-close' };
  }

  /** Answers that have no body whatever their head says (RFC 9112 6.3); undefined for the others. */
  #frameAnswer(startLine: string, hasLength: boolean, hasCoding: boolean): Framing | undefined {
    const status = startLine.slice(9, 12);
    const isBodiless = status.startsWith('1') || status === '204';
    if (isBodiless && (hasLength || hasCoding)) this.#fault('framing of an answer without a body', startLine);
    const method = status.startsWith('1') && status !== '101' ? '' : this.#methods.shift();
    return isBodiless || method === 'HEAD' || status === '304' ? { kind: 'none' } : undefined;
  }

  #readChunked(): boolean {
    let body = '';
    for (let at = 0; ;) {
      const lineEnd = this.#text.indexOf('\r\n', at);
      if (lineEnd < 0) return false;
      const size = chunkLine.exec(this.#text.slice(at, lineEnd))?.[1];
      if (size === undefined) return this.#fault('chunk size', this.#text.slice(at, lineEnd));
      const start = lineEnd + 2;
      const length = parseInt(size, 16);
      if (length === 0) return this.#readTrailers(body, start);
      if (this.#text.length < start + length + 2) return false;
      body += this.#text.slice(start, start + length);
      at = start + length + 2;
      if (this.#text.slice(at - 2, at) !== '\r\n')
        return this.#fault('end of a chunk', this.#text.slice(start, at));
    }
  }

  #readTrailers(body: string, start: number): boolean {
    if (this.#text.startsWith('\r\n', start)) {
      this.#complete(body, start + 2, []);
      return true;
    }
    const end = this.#text.indexOf('\r\n\r\n', start);
    if (end < 0) return false;
    const trailers = this.#readFields(this.#text.slice(start, end).split('\r\n'));
    if (trailers === undefined) return false;
    this.#complete(body, end + 4, trailers);
    return true;
  }

  #complete(body: string, usedLength: number, trailers: readonly Field[]): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#head = undefined;
    this.#text = this.#text.slice(usedLength);
    this.#events.onMessage({ startLine: head.startLine, fields: head.fields, body, trailers });
  }

  #fault(what: string, text: string): false {
    this.#isStopped = true;
    this.#events.onFault(`${what}: ${JSON.stringify(text.slice(0, 60))}`);
    return false;
  }
}
