/** `google.protobuf.Duration` and `Timestamp` (since the epoch). */
interface SecondsAndNanos {
  readonly seconds: number;
  readonly nanos: number;
}

/** With a fraction where the message has one. */
export function toMs({ seconds, nanos }: SecondsAndNanos): number {
  return seconds * 1000 + nanos / 1_000_000;
}

export function fromMs(ms: number): SecondsAndNanos {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}
