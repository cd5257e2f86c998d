import type { Clock } from '@heddle/shared/time/clock';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { holdsSecret } from '@heddle/shared/xds/holds-secret';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { SavedType } from './saved-resources.ts';

const sliceMs = 10;

/** Leaves out resources that hold private keys or passwords. Looks into each once, and lets other events run between. */
export class SecretFilter {
  readonly #api: XdsApi;
  readonly #yieldTurn: () => Promise<void>;
  readonly #clock: Clock;
  readonly #known = new WeakMap<Uint8Array, boolean>();

  constructor(api: XdsApi, yieldTurn: () => Promise<void>, clock: Clock) {
    this.#api = api;
    this.#yieldTurn = yieldTurn;
    this.#clock = clock;
  }

  async withoutSecrets(types: readonly SavedType[]): Promise<SavedType[]> {
    const filtered: SavedType[] = [];
    let sliceStartMs = this.#clock.monotonicMs();
    for (const type of types) {
      const resources = [];
      for (const resource of type.resources) {
        if (!this.#isSecret(type.typeUrl, resource.bytes)) resources.push(resource);
        if (this.#clock.monotonicMs() - sliceStartMs < sliceMs) continue;
        await this.#yieldTurn();
        sliceStartMs = this.#clock.monotonicMs();
      }
      const isComplete = resources.length === type.resources.length;
      filtered.push({ ...type, version: isComplete ? type.version : '', resources });
    }
    return filtered;
  }

  #isSecret(typeUrl: string, bytes: Uint8Array): boolean {
    let isSecret = this.#known.get(bytes);
    if (isSecret === undefined) {
      isSecret = this.#look(typeUrl, bytes);
      this.#known.set(bytes, isSecret);
    }
    return isSecret;
  }

  #look(typeUrl: string, bytes: Uint8Array): boolean {
    const type = this.#api.types.findMessage(toTypeName(typeUrl));
    if (type === undefined) return true;
    try {
      return holdsSecret(this.#api.types, type, this.#api.decodeType(type, bytes));
    } catch (thrown) {
      if (thrown instanceof InvalidInputError) return true;
      throw thrown;
    }
  }
}
