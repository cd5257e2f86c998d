import type { Problem } from '@heddle/shared/errors/problem';
import { mergeValidation, problemOfValidation, secretsOf } from '../model/resolve-tls.ts';
import type { SecretRef, SecretValue } from '../model/secret.ts';
import type { DownstreamTls, UpstreamTls, Validity } from '../model/tls.ts';
import { SharedScopes } from '../../stats/shared-scopes.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { ExpiryWatch } from './expiry-watch.ts';
import type { SecretManager, SecretUser } from './secret-manager.ts';
import { certificateStats, secretUserStats } from './secret-stats.ts';

type TlsContext = DownstreamTls | UpstreamTls;

/** The TLS contexts of one listener or cluster, on the main thread: their secrets, their statistics, their expiry. */
export interface ContextSecrets {
  /** From now on statistics are counted below this name: `listener.<address>.` or `cluster.<name>.` */
  countIn(scopeName: string): void;
  release(): void;
}

export interface ContextSecretsFactory {
  /** `onReady` runs once: when all secrets are there, or will not come in time; at once when there are none. */
  acquire(owner: string, contexts: readonly TlsContext[], onReady: () => void): ContextSecrets;
}

export function createContextSecrets(
  manager: SecretManager,
  expiry: ExpiryWatch,
  stats: StatsScope,
): ContextSecretsFactory {
  const scopes = new SharedScopes(stats);
  return {
    acquire(owner, contexts, onReady) {
      if (contexts.length > 0) return new Contexts(owner, contexts, manager, expiry, stats, scopes, onReady);
      onReady();
      return noContexts;
    },
  };
}

const noContexts: ContextSecrets = { countIn: () => undefined, release: () => undefined };

class Contexts implements ContextSecrets {
  readonly #owner: string;
  readonly #contexts: readonly TlsContext[];
  readonly #expiry: ExpiryWatch;
  readonly #root: StatsScope;
  readonly #scopes: SharedScopes;
  readonly #uses: { release(): void }[] = [];
  readonly #values = new Map<SecretRef, SecretValue>();
  readonly #refs: readonly SecretRef[];
  /** What it counts in, and gives back. */
  readonly #scopeNames: string[] = [];
  #scopeName = '';
  #isReleased = false;
  #uncountedUpdates = 0;

  constructor(
    owner: string,
    contexts: readonly TlsContext[],
    manager: SecretManager,
    expiry: ExpiryWatch,
    root: StatsScope,
    scopes: SharedScopes,
    onReady: () => void,
  ) {
    this.#owner = owner;
    this.#contexts = contexts;
    this.#expiry = expiry;
    this.#root = root;
    this.#scopes = scopes;
    const refs = new Map(contexts.flatMap(secretsOf).map((ref) => [ref.key, ref]));
    this.#refs = [...refs.values()];
    let missingCount = refs.size + 1;
    const onOneReady = (): void => {
      missingCount -= 1;
      if (missingCount === 0 && !this.#isReleased) onReady();
    };
    for (const ref of refs.values()) {
      const user: SecretUser = {
        problemsOf: (value) => this.#problemsOf(ref, value),
        onValue: (value) => this.#onValue(ref, value),
      };
      this.#uses.push(manager.acquire(ref, user, onOneReady));
    }
    this.#watchExpiry();
    onOneReady();
  }

  countIn(scopeName: string): void {
    if (this.#refs.length === 0 || scopeName === this.#scopeName) return;
    const previous = this.#scopeNames.splice(0);
    this.#scopeName = scopeName;
    this.#scopeNames.push(
      this.#factoryScopeName(),
      ...this.#refs.map((ref) => this.#certificateScopeName(ref)),
    );
    for (const name of this.#scopeNames) this.#scopes.acquire(name);
    for (const name of previous) this.#scopes.release(name);
    this.#count(this.#uncountedUpdates);
    this.#uncountedUpdates = 0;
    for (const [ref, value] of this.#values) this.#showExpiry(ref, value);
  }

  release(): void {
    this.#isReleased = true;
    for (const use of this.#uses.splice(0)) use.release();
    this.#expiry.forget(this);
    for (const name of this.#scopeNames.splice(0)) this.#scopes.release(name);
    this.#scopeName = '';
  }

  /** What the secret and the context that it comes to say together. */
  #problemsOf(ref: SecretRef, value: SecretValue): Problem[] {
    if (value.kind !== 'validation-context') return [];
    return this.#contexts.flatMap((context) => {
      if (context.secrets?.validation?.key !== ref.key) return [];
      const merged = mergeValidation(context.validation, value.validation);
      const needsAuthority = 'autoSniSanValidation' in context && context.autoSniSanValidation;
      const message =
        needsAuthority && merged.trustedCaPem === undefined
          ? 'is missing: the server could have any name'
          : problemOfValidation(merged);
      return message === undefined ? [] : [{ path: 'validation_context.trusted_ca', message }];
    });
  }

  #onValue(ref: SecretRef, value: SecretValue): void {
    this.#values.set(ref, value);
    if (this.#scopeName === '') this.#uncountedUpdates += 1;
    else this.#count(1);
    this.#showExpiry(ref, value);
    this.#watchExpiry();
  }

  #count(amount: number): void {
    secretUserStats.create(this.#root.scope(this.#factoryScopeName())).updates.add(amount);
  }

  #showExpiry(ref: SecretRef, value: SecretValue): void {
    const validity = validityOf(value);
    if (this.#scopeName === '' || validity === undefined) return;
    const scope = this.#root.scope(this.#certificateScopeName(ref));
    certificateStats.create(scope).expiration.set(Math.floor(validity.to / 1000));
  }

  #factoryScopeName(): string {
    const isListener = this.#scopeName.startsWith('listener.');
    return `${this.#scopeName}${isListener ? 'server' : 'client'}_ssl_socket_factory.`;
  }

  #certificateScopeName({ name }: SecretRef): string {
    return `${this.#scopeName}ssl.certificate.${name}.`;
  }

  #watchExpiry(): void {
    const own = this.#contexts.flatMap(({ certificates, validation }) => [
      ...certificates.map(({ validity }) => validity),
      ...(validation?.authorityValidity === undefined ? [] : [validation.authorityValidity]),
    ]);
    this.#expiry.watch(this, [
      ...own.map((validity) => ({ owner: this.#owner, secret: '', validity })),
      ...[...this.#values].flatMap(([ref, value]) => {
        const validity = validityOf(value);
        return validity === undefined ? [] : [{ owner: this.#owner, secret: ref.name, validity }];
      }),
    ]);
  }
}

function validityOf(value: SecretValue): Validity | undefined {
  if (value.kind === 'tls-certificate') return value.certificate.validity;
  return value.kind === 'validation-context' ? value.validation.authorityValidity : undefined;
}
