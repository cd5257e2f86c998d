import type { ExplainedHttp2Difference, Http2Difference } from './explained-difference.ts';
import { frameDifferences } from './frame-differences.ts';
import { messageDifferences } from './message-differences.ts';

/** The rows of the table in docs/http2.md. */
export const explainedDifferences: readonly ExplainedHttp2Difference[] = [
  ...frameDifferences,
  ...messageDifferences,
];

/** The name of the entry that means this difference; undefined when none does. */
export function explain(difference: Http2Difference): string | undefined {
  return explainedDifferences.find(
    (entry) => entry.kinds.includes(difference.kind) && entry.applies(difference),
  )?.name;
}
