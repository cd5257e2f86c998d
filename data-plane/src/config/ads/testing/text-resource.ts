import type { ResourceType } from '../../resources/resource-type.ts';
import type { RejectedResource, ResourceUpdate, ResourceWatcher } from '../../subscription.ts';

/** A resource type whose content is `name=value`; the value `bad` is refused, anything without `=` has no name. */
export function createTextType(
  typeUrl: string,
  isFullSet: boolean,
): ResourceType<string> & { readonly decodedCount: number } {
  let decodedCount = 0;
  return {
    typeUrl,
    isFullSet,
    get decodedCount() {
      return decodedCount;
    },
    nameOf: (value) => value.split('=')[0] ?? '',
    decode(bytes) {
      decodedCount += 1;
      const [name = '', value] = Buffer.from(bytes).toString().split('=');
      if (value === undefined)
        return { kind: 'refused', name: '', problems: [{ path: '', message: 'no resource' }] };
      if (value === 'bad') return { kind: 'refused', name, problems: [{ path: 'value', message: 'is bad' }] };
      return { kind: 'ok', name, value: `${name}=${value}`, ignored: [] };
    },
  };
}

/** Writes down what it is told, one line for each call. */
export class RecordingWatcher implements ResourceWatcher<string> {
  readonly #lines: string[] = [];
  /** Values that it refuses. */
  readonly refuses = new Set<string>();
  onUpdateHook: (update: ResourceUpdate<string>) => void = () => {};

  onUpdate(update: ResourceUpdate<string>): readonly RejectedResource[] {
    const upserts = update.upserts.map(({ value }) => value).join(' ');
    this.#lines.push(`update ${update.systemVersion} [${upserts}] -[${update.removed.join(' ')}]`);
    this.onUpdateHook(update);
    return update.upserts
      .filter(({ value }) => this.refuses.has(value))
      .map(({ name }) => ({ name, problems: [{ path: 'use', message: 'does not fit' }] }));
  }

  onRejected(problems: readonly RejectedResource[]): void {
    this.#lines.push(`rejected ${problems.map(({ name }) => name).join(' ')}`);
  }

  onInitialFetchTimeout(): void {
    this.#lines.push('timeout');
  }

  take(): string[] {
    return this.#lines.splice(0);
  }
}
