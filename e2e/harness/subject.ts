import { findEnvoy } from '@heddle/shared/testing/peers';
import { planeProgram } from './plane-program.ts';

/**
 * The command line of a sidecar on a bootstrap file. With `HEDDLE_SUBJECT=envoy` it is that of a real Envoy: what fails
 * there as well is the test's own fault.
 */
export function subjectCommand(bootstrapFile: string, workers: number): readonly [string, ...string[]] {
  const common = ['-c', bootstrapFile, '--concurrency', String(workers)];
  if (process.env['HEDDLE_SUBJECT'] !== 'envoy') return ['node', ...planeProgram('data-plane'), ...common];
  return [findEnvoy() ?? 'envoy', ...common, '--disable-hot-restart'];
}
