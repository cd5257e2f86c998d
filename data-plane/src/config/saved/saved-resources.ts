/** A resource as a control plane sent it and the proxy accepted it. */
export interface SavedResource {
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** What is held of one type. */
export interface SavedType {
  readonly typeUrl: string;
  /** Of the last response that was accepted as a whole; empty when `resources` are not all of it. */
  readonly version: string;
  readonly resources: readonly SavedResource[];
}

/**
 * What one stream to a control plane knows of the saved configuration. Asked when the control plane is silent, told
 * of every change of what the stream holds. Main thread.
 */
export interface SavedSource {
  /** How long a control plane may be silent while something has had no first answer. */
  readonly waitMs: number;
  /** What was saved of this stream, by type URL; undefined when there is nothing to be had (any more). Never rejects. */
  load(): Promise<ReadonlyMap<string, SavedType> | undefined>;
  /** What the stream holds may have changed. */
  onChanged(): void;
  /** Resources of the file serve; `unusableCount` could not be used. */
  onRestored(restoredCount: number, unusableCount: number): void;
  /** A control plane has confirmed, replaced or removed what came from the file, or is about to. */
  onReconciled(): void;
  /** Who tells what the stream holds; once. */
  setHeld(held: () => readonly SavedType[]): void;
  /** The stream has ended for good: what it holds is saved no longer. */
  remove(): void;
}
