import type { SeriesRule } from './series-rules.ts';
import { mannKendallZ, medianOf, theilSenSlope, type Point } from './slope.ts';

export interface Judgement {
  readonly kind: 'flat' | 'rising' | 'too-short';
  /** After the warm-up; of memory, groups of points. */
  readonly pointCount: number;
  /** Medians of the first and the last third of them. */
  readonly from: number;
  readonly to: number;
  readonly slopePerHour: number;
  /** What the slope makes of the whole span, and how much of it the rule allows. */
  readonly growth: number;
  readonly allowed: number;
  /** See `mannKendallZ`. */
  readonly trend: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Fewer points cannot rise significantly, however they rise. */
const pointsAtLeast = 6;
const garbageGroup = 3;
/** One of a hundred series of chance would rise so surely, and would have to rise as much, too. */
const surelyRising = 2.33;

/**
 * Whether a series rises for good. The first half is warm-up; of a short run, as much of it as leaves enough points.
 * It has to rise surely, and by more
 * than the rule allows for the time; what is exact must not even be higher in the last third than in the first one.
 */
export function judgeSeries(all: readonly Point[], rule: SeriesRule): Judgement {
  const points = all.filter(({ atMs }) => atMs >= rule.warmUpMinutes * minuteMs);
  const late = points.slice(Math.max(1, Math.min(points.length >> 1, points.length - pointsAtLeast)));
  const judged = rule.unit === 'MiB' ? withoutGarbage(late) : late;
  const third = Math.max(1, Math.floor(judged.length / 3));
  const spanMs = (judged.at(-1)?.atMs ?? 0) - (judged[0]?.atMs ?? 0);
  const slope = theilSenSlope(judged);
  const growth = slope * spanMs;
  const allowed = rule.once + (rule.perHour * spanMs) / hourMs;
  const trend = mannKendallZ(judged.map(({ value }) => value));
  const from = medianOf(judged.slice(0, third).map(({ value }) => value)) ?? 0;
  const to = medianOf(judged.slice(-third).map(({ value }) => value)) ?? 0;
  const isRising =
    (trend > surelyRising && growth >= Math.max(allowed, smallest[rule.unit])) || (rule.isExact && to > from);
  return {
    kind: judged.length < pointsAtLeast ? 'too-short' : isRising ? 'rising' : 'flat',
    pointCount: judged.length,
    from,
    to,
    slopePerHour: slope * hourMs,
    growth,
    allowed,
    trend,
  };
}

/** Of each few successive points the least, where there are enough of them: what is garbage comes and goes. */
function withoutGarbage(points: readonly Point[]): readonly Point[] {
  if (points.length < garbageGroup * pointsAtLeast) return points;
  const groupCount = Math.floor(points.length / garbageGroup);
  const first = points.length - groupCount * garbageGroup;
  return Array.from({ length: groupCount }, (_, index) =>
    points
      .slice(first + index * garbageGroup, first + (index + 1) * garbageGroup)
      .reduce((least, point) => (point.value < least.value ? point : least)),
  );
}

/** Below it nothing grew: half of a thing is the arithmetic of medians. */
const smallest: Readonly<Record<SeriesRule['unit'], number>> = { count: 1, MiB: 0.1 };
