import { resolveTls, secretsOf } from '../../config/model/resolve-tls.ts';
import type { SecretValue } from '../../config/model/secret.ts';
import type { DownstreamTls, UpstreamTls } from '../../config/model/tls.ts';
import type { WorkerSecrets } from './worker-secrets.ts';

/**
 * The TLS context of new connections: made anew when one of its secrets has changed, at the first connection after
 * that. Open connections keep the context that they began with.
 */
export class CurrentContext<T extends DownstreamTls | UpstreamTls, C> {
  readonly #tls: T;
  readonly #secrets: WorkerSecrets;
  readonly #create: (tls: T) => C;
  #context: C | undefined;
  #version = -1;
  #values: readonly (SecretValue | undefined)[] = [];

  /** @throws Error if there are no secrets to wait for, and OpenSSL does not take what is configured */
  constructor(tls: T, secrets: WorkerSecrets, create: (tls: T) => C) {
    this.#tls = tls;
    this.#secrets = secrets;
    this.#create = create;
    if (tls.secrets === undefined) this.#context = create(tls);
  }

  /** Undefined while a secret is missing that has never been there. */
  get(): C | undefined {
    if (this.#tls.secrets === undefined || this.#version === this.#secrets.version) return this.#context;
    this.#version = this.#secrets.version;
    const values = secretsOf(this.#tls).map(({ key }) => this.#secrets.get(key));
    if (values.every((value, i) => value === this.#values[i])) return this.#context;
    const resolved = resolveTls(this.#tls, (key) => this.#secrets.get(key));
    // Secrets go when their last user does: what still drains goes on with the last ones.
    if (resolved === undefined) return this.#context;
    this.#values = values;
    this.#context = this.#create(resolved);
    return this.#context;
  }
}
