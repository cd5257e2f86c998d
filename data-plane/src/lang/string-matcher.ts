import { compileRegex, type Regex } from '@heddle/shared/lang/regex';
import type { StringMatcher } from '../config/model/matcher.ts';
import { toLatin1Text } from './latin1.ts';

/** A `StringMatcher` ready to run: one class, so that callers stay monomorphic. */
export class CompiledStringMatcher {
  readonly #kind: StringMatcher['kind'];
  readonly #value: string;
  readonly #ignoreCase: boolean;
  readonly #regex: Regex | undefined;

  /** @throws InvalidInputError for a regex that RE2 refuses */
  constructor(matcher: StringMatcher) {
    this.#kind = matcher.kind;
    this.#ignoreCase = matcher.kind !== 'regex' && matcher.ignoreCase;
    const value = matcher.kind === 'regex' ? '' : toLatin1Text(matcher.value);
    this.#value = this.#ignoreCase ? value.toLowerCase() : value;
    this.#regex = matcher.kind === 'regex' ? compileRegex(matcher.regex) : undefined;
  }

  matches(text: string): boolean {
    const subject = this.#ignoreCase ? text.toLowerCase() : text;
    switch (this.#kind) {
      case 'exact':
        return subject === this.#value;
      case 'prefix':
        return subject.startsWith(this.#value);
      case 'suffix':
        return subject.endsWith(this.#value);
      case 'contains':
        return subject.includes(this.#value);
      case 'regex':
        return this.#regex?.matchesFully(subject) === true;
    }
  }
}
