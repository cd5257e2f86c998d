import { MessageReader } from './message-reader.ts';
import {
  statusOf,
  valueOf,
  type Field,
  type Observation,
  type SeenMessage,
  type SeenRequest,
} from './observation.ts';
import { okAnswer, okHead, type Rule } from './rule.ts';

/** One end of a connection, over a socket or in memory. Text is latin1. */
export interface Wire {
  write(text: string): void;
  /** FIN. */
  end(): void;
}

/** How the bytes that a rule is about arrive. */
export type Cut = 'whole' | 'bytes' | number;

export function cutUp(bytes: string, cut: Cut): string[] {
  if (cut === 'whole') return [bytes];
  if (cut === 'bytes') return Array.from(bytes);
  return [bytes.slice(0, cut), bytes.slice(cut)].filter((part) => part !== '');
}

/** Longer messages are about sizes, and are cut at some places only. */
const everywhereUpTo = 1_000;

/** Every way in which the bytes of a rule arrive: whole, one by one, and in two parts, cut at every place. */
export function cutsOf({ request, answers }: Rule): Cut[] {
  const bytes = answers === undefined ? request : (answers[0]?.bytes ?? '');
  if (bytes.length < 2) return ['whole'];
  if (bytes.length > everywhereUpTo) return ['whole', 1, 100, bytes.length >> 1, bytes.length - 1];
  return ['whole', 'bytes', ...Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)];
}

/** Plays both peers of a proxy for one rule, and keeps what they saw. */
export class Exchange {
  readonly #rule: Rule;
  readonly #cut: Cut;
  readonly #requests: SeenRequest[] = [];
  readonly #answers: SeenMessage[] = [];
  readonly #informational: number[] = [];
  readonly #faults: string[] = [];
  readonly #client: MessageReader;
  #wire: Wire | undefined;
  #isClosed = false;
  #connectionCount = 0;
  #answeredCount = 0;
  readonly #forwardedTexts: string[] = [];
  #answeredText = '';
  #tunnelUp = '';
  #tunnelDown: string | undefined;

  constructor(rule: Rule, cut: Cut) {
    this.#rule = rule;
    this.#cut = cut;
    this.#client = new MessageReader('answers', {
      onMessage: (message) => this.#onAnswer(message),
      onFault: (fault) => this.#faults.push(`answer, ${fault}`),
    });
    for (const method of methodsOf(rule)) this.#client.expectAnswerTo(method);
  }

  /** The request, in the parts in which it is to be sent. */
  get requestParts(): readonly string[] {
    return cutUp(this.#rule.request, this.#rule.answers === undefined ? this.#cut : 'whole');
  }

  get observation(): Observation {
    return {
      requests: this.#requests,
      answers: this.#answers,
      informational: this.#informational,
      hasPartialAnswer: this.#client.hasPartialMessage,
      isClosed: this.#isClosed,
      tunnelUp: this.#tunnelUp,
      tunnelDown: this.#tunnelDown ?? '',
      forwardedTexts: this.#forwardedTexts,
      answeredText: this.#answeredText,
      faults: this.#faults,
    };
  }

  attachClient(wire: Wire): void {
    this.#wire = wire;
  }

  onClientData(text: string): void {
    this.#answeredText += text;
    if (this.#tunnelDown === undefined) this.#client.feed(text);
    else this.#tunnelDown += text;
  }

  onClientEnd(isReset: boolean): void {
    this.#isClosed = true;
    this.#client.end(isReset);
  }

  /** A connection of the proxy to the upstream. Returns what receives its bytes. */
  connectUpstream(wire: Wire): (text: string) => void {
    const connection = this.#connectionCount++;
    let isTunnel = false;
    let isAnswered = false;
    const answer = (isEarly: boolean, fields: readonly Field[], isHead: boolean): void => {
      const given = this.#rule.answers?.[this.#answeredCount];
      if ((given?.isEarly ?? false) !== isEarly) return;
      // Who is not asked for it says no 100 (RFC 9110 10.1.1).
      const isUnasked = valueOf(fields, 'expect') === undefined;
      if (isEarly && isUnasked && given?.bytes.startsWith('HTTP/1.1 100') === true) {
        this.#answeredCount++;
        return;
      }
      this.#answeredCount++;
      isAnswered = !(isEarly && given?.bytes.startsWith('HTTP/1.1 1') === true);
      for (const part of cutUp(
        given?.bytes ?? (isHead ? okHead : okAnswer),
        given === undefined ? 'whole' : this.#cut,
      ))
        wire.write(part);
      if (given?.closes === true) wire.end();
      if (given?.bytes.startsWith('HTTP/1.1 101') === true) {
        isTunnel = true;
        this.#tunnelUp += reader.stop();
      }
    };
    const reader = new MessageReader('requests', {
      onHead: (fields) => answer(true, fields, false),
      onMessage: (message) => {
        this.#requests.push({ ...message, connection });
        if (!isAnswered) answer(false, message.fields, message.startLine.startsWith('HEAD '));
        isAnswered = false;
      },
      onFault: (fault) => this.#faults.push(`request, ${fault}`),
    });
    this.#forwardedTexts.push('');
    return (text) => {
      this.#forwardedTexts[connection] = (this.#forwardedTexts[connection] ?? '') + text;
      if (isTunnel) this.#tunnelUp += text;
      else reader.feed(text);
    };
  }

  #onAnswer(message: SeenMessage): void {
    const status = statusOf(message);
    if (status < 200 && status !== 101) {
      this.#informational.push(status);
      if (this.#informational.length === 1) this.#write(this.#rule.afterInformational);
      return;
    }
    this.#answers.push(message);
    if (status === 101) {
      this.#tunnelDown = this.#client.stop();
      this.#write(this.#rule.afterSwitch);
    } else if (this.#answers.length === 1) {
      this.#write(this.#rule.next);
    }
  }

  #write(text: string | undefined): void {
    if (text !== undefined) this.#wire?.write(text);
  }
}

/** Methods of the requests in the client's bytes: only HEAD and CONNECT matter, and those stand at a line's start. */
function methodsOf(rule: Rule): string[] {
  const text = `${rule.request}${rule.afterInformational ?? ''}${rule.next ?? ''}`;
  return [...text.matchAll(/(?:^|\n|ok)([A-Z]+) [^\r\n]* HTTP\/1/g)].map((match) => match[1] ?? '');
}
