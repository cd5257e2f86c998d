import type { Scenario } from '../scenario.ts';
import { http1Large } from './http1-large.ts';
import { http1Small } from './http1-small.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [http1Small, http1Large];
