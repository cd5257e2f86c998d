import type { HeaderMap } from '../codec/header-map.ts';
import type { HeaderMatcher } from '../config/model/matcher.ts';
import { CompiledStringMatcher } from './string-matcher.ts';

const wholeNumber = /^[+-]?\d+$/;

/**
 * A `HeaderMatcher` ready to run. As a real Envoy does it: a header sent twice is tried value by value and any hit
 * counts; a missing header matches no value, inverted or not, unless missing is treated as empty.
 */
export class CompiledHeaderMatcher {
  readonly #name: string;
  readonly #test: HeaderMatcher['test'];
  readonly #string: CompiledStringMatcher | undefined;
  readonly #isInverted: boolean;
  readonly #treatMissingAsEmpty: boolean;

  constructor(matcher: HeaderMatcher) {
    this.#name = matcher.name === 'host' ? ':authority' : matcher.name;
    this.#test = matcher.test;
    this.#string =
      matcher.test.kind === 'string' ? new CompiledStringMatcher(matcher.test.matcher) : undefined;
    this.#isInverted = matcher.invertMatch;
    this.#treatMissingAsEmpty = matcher.treatMissingAsEmpty;
  }

  matches(headers: HeaderMap): boolean {
    let isPresent = false;
    let isHit = false;
    for (let index = 0; index < headers.size && !isHit; index++) {
      if (headers.nameAt(index) !== this.#name) continue;
      isPresent = true;
      isHit = this.#matchesValue(headers.valueAt(index));
    }
    if (!isPresent && this.#treatMissingAsEmpty) {
      isPresent = true;
      isHit = this.#matchesValue('');
    }
    if (this.#test.kind === 'present') return (isPresent === this.#test.isPresent) !== this.#isInverted;
    return isPresent && isHit !== this.#isInverted;
  }

  #matchesValue(value: string): boolean {
    switch (this.#test.kind) {
      case 'present':
        return true;
      case 'string':
        return this.#string?.matches(value) === true;
      case 'range': {
        if (!wholeNumber.test(value)) return false;
        const number = Number(value);
        return number >= this.#test.start && number < this.#test.end;
      }
    }
  }
}

/** Every matcher holds; true for none. */
export function matchesAllHeaders(matchers: readonly CompiledHeaderMatcher[], headers: HeaderMap): boolean {
  for (const matcher of matchers) {
    if (!matcher.matches(headers)) return false;
  }
  return true;
}
