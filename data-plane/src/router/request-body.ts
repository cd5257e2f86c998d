import type { HeaderMap } from '../codec/header-map.ts';
import { ownChunk } from '../lang/own-chunk.ts';

/** Calls are short: nearly all that a server going away refuses can be sent again for this. */
const maxSpareBytes = 16 * 1024;
/** Of most requests: never added to. */
const noChunks: Buffer[] = [];

/**
 * What came of a request's body. It is kept for as long as another attempt may need it: for retries as far as their
 * limit goes, otherwise a short one only, in case the server says that it did nothing.
 */
export class RequestBody {
  #chunks = noChunks;
  #keptBytes = 0;
  #isKept: boolean;
  #isSpare: boolean;
  trailers: HeaderMap | undefined = undefined;
  /** The whole request is here. */
  isComplete = false;
  /** Some of the body came, kept or not. */
  hasData = false;

  /** `isKept`: for retries. `mayBeRefused`: by a server that did nothing, and says so. */
  constructor(isKept: boolean, mayBeRefused: boolean) {
    this.#isKept = isKept;
    this.#isSpare = !isKept && mayBeRefused;
  }

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Another attempt can send the same body. */
  get isReplayable(): boolean {
    return this.#isKept || this.#isSpare || !this.hasData;
  }

  /** For retries. */
  get isKept(): boolean {
    return this.#isKept;
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.hasData = true;
    if (this.#isSpare && this.#keptBytes + chunk.length > maxSpareBytes) this.drop();
    if (!this.#isKept && !this.#isSpare) return;
    if (this.#chunks === noChunks) this.#chunks = [];
    this.#chunks.push(ownChunk(chunk));
    this.#keptBytes += chunk.length;
  }

  /** No further attempt will need it. */
  drop(): void {
    this.#isKept = false;
    this.#isSpare = false;
    this.#chunks = noChunks;
    this.#keptBytes = 0;
  }
}
