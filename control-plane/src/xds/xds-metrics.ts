/** Told of every response and answer, for counters. Called on the push path: must be cheap. */
export interface XdsMetrics {
  onStream(variant: 'sotw' | 'delta', change: 1 | -1): void;
  onSent(typeUrl: string, sizeBytes: number): void;
  /** `durationMs`: since the response was sent. */
  onAcknowledged(typeUrl: string, durationMs: number): void;
  onRefused(typeUrl: string, durationMs: number): void;
  /** A proxy reported what it sent to one cluster since its last report. */
  readonly onLoad: (load: ReportedLoad) => void;
}

export interface ReportedLoad {
  readonly successCount: number;
  readonly errorCount: number;
  readonly droppedCount: number;
}

export const noXdsMetrics: XdsMetrics = {
  onStream: () => undefined,
  onSent: () => undefined,
  onAcknowledged: () => undefined,
  onRefused: () => undefined,
  onLoad: () => undefined,
};
