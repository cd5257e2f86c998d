import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { UsageError } from './usage-error.ts';

/** The exit codes of every command; `heddle --help` lists them. */
export const exitCodes = {
  ok: 0,
  /** The command was understood and failed, or the control plane refused. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The control plane, or what was waited for, cannot be reached. */
  unreachable: 3,
} as const;

export const exitCodesHelp = `Exit codes: 0 done · 1 failed or refused · 2 wrong usage · 3 control plane not reachable`;

export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof UsageError) return exitCodes.usage;
  return thrown instanceof HeddleError && thrown.code === 'peer-unreachable'
    ? exitCodes.unreachable
    : exitCodes.failed;
}
