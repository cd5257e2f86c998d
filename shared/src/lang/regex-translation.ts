/** A pattern in JavaScript's syntax that means the same as the RE2 pattern it was made of. */
export interface TranslatedPattern {
  readonly source: string;
  /** A quantified group contains a capture: JavaScript forgets captures between rounds, RE2 does not. */
  readonly hasCaptureUnderQuantifier: boolean;
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** RE2's Perl classes are ASCII; JavaScript's `\s` is not. */
const whiteSpace = '\\t\\n\\f\\r ';

/**
 * Translates a pattern that RE2's parser accepted. Undefined: it uses something that JavaScript does not have or that
 * its linear engine refuses (inline flags, Unicode classes, characters outside ASCII), so another engine must run it.
 */
export function translatePattern(pattern: string): TranslatedPattern | undefined {
  return new Translator(pattern).translate();
}

class Translator {
  readonly #pattern: string;
  #at = 0;
  #source = '';
  /** One entry for each open group: whether it captures, or holds a group that does. */
  readonly #openGroups: boolean[] = [];
  #wasCapturingGroup = false;
  #hasCaptureUnderQuantifier = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): TranslatedPattern | undefined {
    for (let index = 0; index < this.#pattern.length; index++) {
      if (this.#pattern.charCodeAt(index) > 0x7f) return undefined;
    }
    while (this.#at < this.#pattern.length) {
      const isClosing = this.#pattern[this.#at] === ')';
      if (!this.#translateNext()) return undefined;
      if (!isClosing) this.#wasCapturingGroup = false;
    }
    return { source: this.#source, hasCaptureUnderQuantifier: this.#hasCaptureUnderQuantifier };
  }

  #translateNext(): boolean {
    const char = this.#pattern[this.#at] ?? '';
    switch (char) {
      case '.':
        return this.#emit('[^\\n]', 1);
      case '\\':
        return this.#translateEscape();
      case '[':
        return this.#translateClass();
      case '(':
        return this.#openGroup();
      case ')':
        this.#closeGroup();
        return this.#emit(')', 1);
      case '*':
      case '+':
      case '?':
        this.#hasCaptureUnderQuantifier ||= this.#wasCapturingGroup;
        return this.#emit(char, 1);
      case '{':
        return this.#translateBrace();
      case '}':
      case ']':
        return this.#emit(`\\${char}`, 1);
      default:
        return this.#emit(char, 1);
    }
  }

  #emit(text: string, consumed: number): true {
    this.#source += text;
    this.#at += consumed;
    return true;
  }

  #openGroup(): boolean {
    const rest = this.#pattern.slice(this.#at);
    if (rest.startsWith('(?:')) {
      this.#openGroups.push(false);
      return this.#emit('(?:', 3);
    }
    const name = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
    if (name === null && rest.startsWith('(?')) return false;
    this.#openGroups.push(true);
    return name === null ? this.#emit('(', 1) : this.#emit(`(?<${name[1] ?? ''}>`, name[0].length);
  }

  #closeGroup(): void {
    this.#wasCapturingGroup = this.#openGroups.pop() ?? false;
    const parent = this.#openGroups.length - 1;
    if (parent >= 0 && this.#wasCapturingGroup) this.#openGroups[parent] = true;
  }

  /** A brace that is no repetition stands for itself in RE2. */
  #translateBrace(): boolean {
    const repetition = /^\{\d+(,\d*)?\}/.exec(this.#pattern.slice(this.#at))?.[0];
    if (repetition === undefined) return this.#emit('\\{', 1);
    this.#hasCaptureUnderQuantifier ||= this.#wasCapturingGroup;
    return this.#emit(repetition, repetition.length);
  }

  #translateEscape(): boolean {
    const next = this.#pattern[this.#at + 1] ?? '';
    switch (next) {
      case 'A':
        return this.#emit('^', 2);
      case 'z':
        return this.#emit('$', 2);
      case 'C':
        return this.#emit('[^]', 2);
      case 's':
        return this.#emit(`[${whiteSpace}]`, 2);
      case 'S':
        return this.#emit(`[^${whiteSpace}]`, 2);
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 'b':
      case 'B':
        return this.#emit(`\\${next}`, 2);
      case 'Q':
        return this.#translateQuotation();
      default: {
        const literal = this.#literalEscape();
        return literal !== undefined && this.#emit(literal, 0);
      }
    }
  }

  #translateQuotation(): boolean {
    const start = this.#at + 2;
    const end = this.#pattern.indexOf('\\E', start);
    const text = this.#pattern.slice(start, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    // A quantifier behind `\E` belongs to the last character: escaped one by one, it does.
    return this.#emit(text.replace(/[^A-Za-z0-9_]/g, escapeAsHex), 0);
  }

  /** An escape that stands for one character, inside and outside of classes; moves past it. */
  #literalEscape(): string | undefined {
    const rest = this.#pattern.slice(this.#at);
    const hex = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/.exec(rest);
    if (hex !== null) return this.#literalCode(parseInt(hex[1] ?? hex[2] ?? '', 16), hex[0].length);
    const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (octal !== null) return this.#literalCode(parseInt(octal[1] ?? '', 8), octal[0].length);
    const next = rest[1] ?? '';
    if (next === 'a') return this.#literalCode(7, 2);
    if (/[A-Za-z0-9]/.test(next) && !'fnrtv'.includes(next)) return undefined;
    this.#at += 2;
    return next === '_' ? '_' : `\\${next}`;
  }

  #literalCode(code: number, length: number): string | undefined {
    if (code > 0x7f) return undefined;
    this.#at += length;
    return escapeAsHex(String.fromCharCode(code));
  }

  #translateClass(): boolean {
    const isNegated = this.#pattern[this.#at + 1] === '^';
    this.#at += isNegated ? 2 : 1;
    let members = '';
    for (let isFirst = true; ; isFirst = false) {
      const char = this.#pattern[this.#at] ?? '';
      if (char === '') return false;
      if (char === ']' && !isFirst) break;
      const member = this.#classMember(char);
      if (member === undefined) return false;
      members += member;
    }
    return this.#emit(`[${isNegated ? '^' : ''}${members}]`, 1);
  }

  #classMember(char: string): string | undefined {
    if (char === '[') {
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#pattern.slice(this.#at));
      if (posix === null) {
        this.#at += 1;
        return '\\[';
      }
      const set = posix[1] === '' ? posixClasses[posix[2] ?? ''] : undefined;
      this.#at += posix[0].length;
      return set;
    }
    if (char !== '\\') {
      this.#at += 1;
      return char === ']' || char === '^' ? `\\${char}` : char;
    }
    const next = this.#pattern[this.#at + 1] ?? '';
    if (next === 's' || next === 'd' || next === 'w' || next === 'D' || next === 'W') {
      this.#at += 2;
      return next === 's' ? whiteSpace : `\\${next}`;
    }
    return this.#literalEscape();
  }
}

function escapeAsHex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
