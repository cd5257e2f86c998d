import type { Fuzzer } from './fuzzer.ts';
import { http1Fuzzers } from './http1-fuzzers.ts';
import { http2Fuzzers } from './http2/http2-fuzzers.ts';

/** Each gets an equal share of the time. */
export const fuzzers: readonly Fuzzer[] = [...http1Fuzzers, ...http2Fuzzers];
