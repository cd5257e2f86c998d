import type { RejectedResource, ResourceUpdate, ResourceWatcher } from '../../subscription.ts';

/** Writes down what it is told by names, one line for each call; refuses nothing. */
export class LineWatcher implements ResourceWatcher<unknown> {
  readonly lines: string[] = [];
  onUpdate({ upserts, removed, systemVersion }: ResourceUpdate<unknown>): readonly RejectedResource[] {
    this.lines.push(`${systemVersion} +${upserts.map(({ name }) => name).join()} -${removed.join()}`);
    return [];
  }
  onRejected(refused: readonly RejectedResource[]): void {
    this.lines.push(`rejected ${refused.map(({ name }) => name).join()}`);
  }
  onInitialFetchTimeout(): void {
    this.lines.push('timeout');
  }
}
