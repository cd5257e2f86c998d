import type { SecretValue } from '../../config/model/secret.ts';

/** The secrets of one thread, by key; written by the updates of the main thread. */
export class WorkerSecrets {
  readonly #values = new Map<string, SecretValue>();
  #version = 0;

  /** Moves with every change. */
  get version(): number {
    return this.#version;
  }

  get(key: string): SecretValue | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: SecretValue): void {
    this.#values.set(key, value);
    this.#version++;
  }

  remove(key: string): void {
    this.#values.delete(key);
    this.#version++;
  }
}
