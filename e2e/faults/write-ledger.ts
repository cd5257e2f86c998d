/** What a client knows of the writes that it sent: for each key what the registry may hold, and must. */
export class WriteLedger {
  /** Key → values that the registry may hold: the one that was acknowledged last, and what was in doubt since. */
  readonly #allowed = new Map<string, Set<string>>();
  acknowledgedCount = 0;
  /** Sent, and nobody knows: the connection ended, or the store vanished meanwhile. */
  doubtfulCount = 0;
  refusedCount = 0;

  acknowledged(key: string, value: string): void {
    this.acknowledgedCount += 1;
    this.#allowed.set(key, new Set([value]));
  }

  doubtful(key: string, value: string): void {
    this.doubtfulCount += 1;
    const allowed = this.#allowed.get(key) ?? new Set([absent]);
    allowed.add(value);
    this.#allowed.set(key, allowed);
  }

  refused(): void {
    this.refusedCount += 1;
  }

  /** Acknowledged writes that the registry does not show, one line each. A key must have one writer at a time. */
  lost(actual: ReadonlyMap<string, string>): string[] {
    return [...this.#allowed].flatMap(([key, allowed]) => {
      const found = actual.get(key) ?? absent;
      return allowed.has(found) ? [] : [`${key} is ${found}, not ${[...allowed].join(' or ')}`];
    });
  }
}

const absent = 'absent';
