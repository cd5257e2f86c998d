import type { Any } from '@heddle/shared/xds/api';
import type { PrecedingNetworkFilter, TerminalNetworkFilter } from '../../model/network-filter.ts';
import type { DecodeContext } from '../decode-context.ts';

/** One network filter type: a row of the registry. `type` is the full message name of its configuration. */
export type NetworkFilterDecoder =
  | {
      readonly type: string;
      readonly isTerminal: true;
      /** Adds problems to the context; the value survives a structured clone. */
      decode(context: DecodeContext, config: Any, path: string): TerminalNetworkFilter;
    }
  | {
      readonly type: string;
      readonly isTerminal: false;
      decode(context: DecodeContext, config: Any, path: string): PrecedingNetworkFilter;
    };
