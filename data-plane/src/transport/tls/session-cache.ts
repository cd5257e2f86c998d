import type { X509Certificate } from 'node:crypto';

/** What a server gave to resume with. */
export interface KeptSession {
  readonly session: Buffer;
  /** Whose it is: a resumed one shows no certificate. */
  readonly peer: X509Certificate | undefined;
}

/**
 * The newest sessions of a cluster, whichever hosts gave them: all share one configuration, so any of them may resume
 * it. Each belongs to what was asked of the server: it is taken only for the same question, since a resumed one is not
 * judged again. One is taken until a newer one comes, also in TLS 1.3: OpenSSL's servers give none to who resumes, and what
 * RFC 8446, C.4 would hide, that two connections are of one client, their addresses say.
 */
export class SessionCache {
  readonly #maxCount: number;
  /** Oldest first. */
  readonly #sessions: { readonly key: string; readonly kept: KeptSession }[] = [];

  /** 0: nothing is kept. */
  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  get size(): number {
    return this.#sessions.length;
  }

  put(key: string, kept: KeptSession): void {
    if (this.#maxCount === 0) return;
    if (this.#sessions.length >= this.#maxCount) this.#sessions.shift();
    this.#sessions.push({ key, kept });
  }

  /** The newest. */
  take(key: string): KeptSession | undefined {
    return this.#sessions.findLast((entry) => entry.key === key)?.kept;
  }
}
