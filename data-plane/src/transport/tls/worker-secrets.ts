import { randomBytes } from 'node:crypto';
import type { SecretValue } from '../../config/model/secret.ts';
import { ticketSecretBytes } from './session-tickets.ts';

/** The secrets of one thread, by key; written by the updates of the main thread. */
export class WorkerSecrets {
  /** Of the process: what session tickets are encrypted with where no keys are configured. */
  readonly ticketSecret: Buffer;
  readonly #values = new Map<string, SecretValue>();
  #version = 0;

  constructor(ticketSecret = randomBytes(ticketSecretBytes)) {
    this.ticketSecret = ticketSecret;
  }

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
