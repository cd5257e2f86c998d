import type { Any } from '@heddle/shared/xds/api';
import type { DecodeContext } from './decode-context.ts';

/** One HTTP filter type: a row of the registry. A further filter is a further row. */
export interface HttpFilterDecoder {
  /** Full message name of its configuration; `HttpFilterConfig.type`. */
  readonly type: string;
  /** The router: has to be the last, and exactly once. */
  readonly isTerminal: boolean;
  /** Adds problems to the context; the value is frozen and must survive a structured clone. */
  decode(context: DecodeContext, config: Any, path: string): unknown;
  /** Its configuration in `typed_per_filter_config`, if it has one. */
  readonly perRoute?: {
    readonly type: string;
    decode(context: DecodeContext, config: Any, path: string): unknown;
  };
}
