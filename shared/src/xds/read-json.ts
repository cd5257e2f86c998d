import {
  TextError,
  type ConfigEntry,
  type ConfigNode,
  type ReadText,
  type TextProblem,
} from './config-node.ts';

/**
 * Reads JSON as Envoy does: trailing commas, single quotes, keys without quotes and raw control characters are
 * accepted; comments, a byte order mark, NaN and anything behind the value are not. A key that occurs twice is
 * merged (objects), joined (lists) or replaced (the rest), with a warning.
 *
 * @throws TextError at the first place that cannot be read
 */
export function readJson(text: string): ReadText {
  const reader = new JsonReader(text);
  const root = reader.value(0);
  reader.expectEnd();
  return { root, warnings: reader.warnings };
}

const maxDepth = 100;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const bareWordPattern = /[A-Za-z_$][\w$.]*/y;
const escapes: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['/', '/'],
]);

class JsonReader {
  readonly #text: string;
  #at = 0;
  readonly warnings: TextProblem[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): ConfigNode {
    if (depth > maxDepth) throw this.#error('objects and lists are nested too deeply');
    const char = this.#peek();
    const offset = this.#at;
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#list(depth);
    if (char === '"' || char === "'") return { kind: 'scalar', offset, value: this.#string() };
    if (char === '-' || (char >= '0' && char <= '9'))
      return { kind: 'scalar', offset, value: this.#number() };
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#text.startsWith(word, offset)) {
        this.#at += word.length;
        return { kind: 'scalar', offset, value };
      }
    }
    throw this.#unexpected('a value');
  }

  expectEnd(): void {
    if (this.#peek() !== '') throw this.#error('there is something behind the end of the JSON value');
  }

  #object(depth: number): ConfigNode {
    const offset = this.#at;
    const entries = new Map<string, ConfigEntry>();
    this.#at += 1;
    while (this.#peek() !== '}') {
      const keyOffset = this.#at;
      const key = this.#key();
      if (this.#peek() !== ':') throw this.#unexpected('":" behind a key');
      this.#at += 1;
      const node = this.value(depth + 1);
      const earlier = entries.get(key);
      if (earlier !== undefined) {
        this.warnings.push({
          offset: keyOffset,
          message: `the key "${key}" occurs twice; both are taken together`,
        });
      }
      entries.set(key, { key, keyOffset, node: earlier === undefined ? node : merge(earlier.node, node) });
      this.#comma('}');
    }
    this.#at += 1;
    return { kind: 'map', offset, entries: [...entries.values()] };
  }

  #list(depth: number): ConfigNode {
    const offset = this.#at;
    const items: ConfigNode[] = [];
    this.#at += 1;
    while (this.#peek() !== ']') {
      items.push(this.value(depth + 1));
      this.#comma(']');
    }
    this.#at += 1;
    return { kind: 'list', offset, items };
  }

  #comma(end: string): void {
    const char = this.#peek();
    if (char === ',') this.#at += 1;
    else if (char !== end) throw this.#unexpected(`"," or "${end}"`);
  }

  #key(): string {
    const char = this.#peek();
    if (char === '"' || char === "'") return this.#string();
    const word = this.#match(bareWordPattern);
    if (word === undefined) throw this.#unexpected('a key');
    return word;
  }

  #number(): number {
    const text = this.#match(numberPattern);
    const value = Number(text);
    const behind = this.#peek();
    if (text === undefined || !Number.isFinite(value) || !['', ',', ']', '}'].includes(behind)) {
      throw this.#error('not a JSON number');
    }
    return value;
  }

  #string(): string {
    const quote = this.#text[this.#at];
    const start = this.#at;
    let value = '';
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#error('a string is not ended', start);
      this.#at += 1;
      if (char === quote) return value;
      value += char === '\\' ? this.#escape() : char;
    }
  }

  #escape(): string {
    const char = this.#text[this.#at] ?? '';
    this.#at += 1;
    if (char !== 'u' && char !== 'U') {
      const escaped = escapes.get(char);
      if (escaped === undefined) throw this.#error(`"\\${char}" is not an escape of JSON`, this.#at - 2);
      return escaped;
    }
    const start = this.#at - 2;
    const high = this.#hex();
    if (high < 0xd800 || high > 0xdfff) return String.fromCharCode(high);
    if (high < 0xdc00 && this.#text.startsWith('\\u', this.#at)) {
      this.#at += 2;
      const low = this.#hex();
      if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(high, low);
    }
    throw this.#error('half of a surrogate pair', start);
  }

  #hex(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#error('"\\u" needs four hexadecimal digits', this.#at);
    this.#at += 4;
    return parseInt(digits, 16);
  }

  #match(pattern: RegExp): string | undefined {
    const matcher = new RegExp(pattern);
    matcher.lastIndex = this.#at;
    const text = matcher.exec(this.#text)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  /** The next character that is not white space, or nothing at the end. */
  #peek(): string {
    for (;;) {
      const char = this.#text[this.#at] ?? '';
      if (char !== ' ' && char !== '\n' && char !== '\t' && char !== '\r') return char;
      this.#at += 1;
    }
  }

  #unexpected(wanted: string): TextError {
    const char = this.#text[this.#at];
    if (char === undefined) return this.#error(`the text ends where ${wanted} should be`);
    if (char === '/' || char === '#') return this.#error('JSON has no comments');
    if (char === '\ufeff') return this.#error('the text begins with a byte order mark; save it without one');
    return this.#error(`found ${JSON.stringify(char)} where ${wanted} should be`);
  }

  #error(message: string, offset = this.#at): TextError {
    return new TextError([{ offset, message }]);
  }
}

function merge(earlier: ConfigNode, later: ConfigNode): ConfigNode {
  if (later.kind === 'scalar' && later.value === null) return earlier;
  if (earlier.kind === 'list' && later.kind === 'list') {
    return { ...earlier, items: [...earlier.items, ...later.items] };
  }
  if (earlier.kind !== 'map' || later.kind !== 'map') return later;
  const entries = new Map(earlier.entries.map((entry) => [entry.key, entry]));
  for (const entry of later.entries) {
    const first = entries.get(entry.key);
    entries.set(entry.key, first === undefined ? entry : { ...entry, node: merge(first.node, entry.node) });
  }
  return { ...earlier, entries: [...entries.values()] };
}
