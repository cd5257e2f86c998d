/** What decides whether a type's accepted version is live. */
export interface LiveSources {
  /** Type URL → version of the last response that was accepted as a whole; empty before the first. */
  acceptedVersions(): ReadonlyMap<string, string>;
  /** Nothing of that type is warming, held back, or waiting for its address. */
  isSettled(typeUrl: string): boolean;
  /** The generation that all accepted changes are in, and the callback for when every worker has applied it. */
  readonly generation: number;
  whenApplied(generation: number, callback: () => void): void;
}

/**
 * Finds out which versions are live. An ACK says that a version is valid; it is live once everything of it that had
 * to warm is warm, and every worker has swapped. Versions that were overtaken before that are never reported.
 */
export interface LiveTracker {
  /** Something may have changed: an update was accepted, something warmed, a worker applied. */
  onChange(): void;
  /** Type URL → live version. */
  readonly liveVersions: ReadonlyMap<string, string>;
}

/** `onLive` is told the types whose live version changed. */
export function createLiveTracker(
  sources: LiveSources,
  onLive: (changed: ReadonlyMap<string, string>) => void,
): LiveTracker {
  const liveVersions = new Map<string, string>();
  let isChecking = false;

  function settledVersions(): Map<string, string> {
    const settled = new Map<string, string>();
    for (const [typeUrl, version] of sources.acceptedVersions()) {
      if (version !== '' && liveVersions.get(typeUrl) !== version && sources.isSettled(typeUrl)) {
        settled.set(typeUrl, version);
      }
    }
    return settled;
  }

  return {
    onChange() {
      if (isChecking) return;
      const settled = settledVersions();
      if (settled.size === 0) return;
      isChecking = true;
      sources.whenApplied(sources.generation, () => {
        isChecking = false;
        for (const [typeUrl, version] of settled) liveVersions.set(typeUrl, version);
        onLive(settled);
        this.onChange();
      });
    },
    liveVersions,
  };
}
