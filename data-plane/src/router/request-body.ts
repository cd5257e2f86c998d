import type { HeaderMap } from '../codec/header-map.ts';
import { ownChunk } from '../lang/own-chunk.ts';

/** What came of a request's body. It is kept for as long as another attempt may need it. */
export class RequestBody {
  #chunks: Buffer[] = [];
  #keptBytes = 0;
  #isKept: boolean;
  trailers: HeaderMap | undefined = undefined;
  /** The whole request is here. */
  isComplete = false;
  /** Some of the body came, kept or not. */
  hasData = false;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Another attempt can send the same body. */
  get isReplayable(): boolean {
    return this.#isKept || !this.hasData;
  }

  get isKept(): boolean {
    return this.#isKept;
  }

  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.hasData = true;
    if (!this.#isKept) return;
    this.#chunks.push(ownChunk(chunk));
    this.#keptBytes += chunk.length;
  }

  /** No further attempt will need it. */
  drop(): void {
    this.#isKept = false;
    this.#chunks = [];
    this.#keptBytes = 0;
  }
}
