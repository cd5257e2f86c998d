import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { canonicalJson, checkMeshObject } from '@heddle/shared/model/parse-object';
import { Redis } from 'ioredis';
import { keyOfWrite } from './plan-transaction.ts';
import {
  expireScript,
  filledMark,
  fillScript,
  readAllScript,
  redisKeyNames,
  renewScript,
  tickScript,
  transactScript,
} from './redis-scripts.ts';
import {
  leaseTtlMsOf,
  type Change,
  type RenewResult,
  type StoredObject,
  type Transaction,
  type WriteResult,
} from './registry.ts';

/** As TransactionResult, with the store's revision in every case. */
export type StoreTransactionResult =
  | { readonly kind: 'committed'; readonly revision: number; readonly results: readonly WriteResult[] }
  | {
      readonly kind: 'mismatch';
      readonly revision: number;
      readonly key: string;
      readonly actualRevision: number;
    }
  | { readonly kind: 'stale'; readonly revision: number };

export interface StoreReading {
  readonly epoch: string;
  readonly revision: number;
  readonly objects: readonly StoredObject[];
  /** The store lost its data, and a control plane is about to give it back. */
  readonly isAboutToBeFilled: boolean;
}

/** Which store a copy was read from, and up to where. */
export interface CopyPosition {
  readonly epoch: string;
  readonly revision: number;
}

export interface StoreTick {
  readonly epoch: string;
  readonly revision: number;
  /** Instances whose leases have run out. */
  readonly dueKeys: readonly string[];
  /** `lost`: the store holds less than the copy. `fill`: and no other control plane has a newer one. */
  readonly verdict: 'whole' | 'lost' | 'fill';
}

export interface LogEntry {
  readonly revision: number;
  readonly changes: readonly Change[];
}

/** Whether a control plane gave the store back what it had lost: what it holds is what a copy of ours held. */
export const isFilledEpoch = (epoch: string): boolean => epoch.endsWith(filledMark);

/** Whether it was the fill with this token. */
export const isFilledBy = (token: string, epoch: string): boolean => epoch.endsWith(`.${token}${filledMark}`);

/** How long the log waits for news before it answers with nothing, so that a dead connection shows. */
const logBlockMs = 2_000;

/**
 * The operations of the Redis registry, over one connection for commands and one that waits on the log. Stateless:
 * what was read is the caller's. Every method rejects at once or within seconds when the store is away; a
 * rejected write may have been made nevertheless.
 */
export class RedisStore {
  readonly #commands: Redis;
  readonly #tail: Redis;
  readonly #keys: readonly string[];
  readonly #historyCount: number;
  /** Why there is no connection, which a rejected command does not know. */
  #connectionError: Error | undefined;

  constructor(url: string, prefix: string, historyCount: number) {
    const options = {
      // A command that waits for a connection would be executed long after its caller was told "unavailable".
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 3_000,
      socketTimeout: 2 * logBlockMs + 1_000,
      retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000),
    };
    this.#commands = new Redis(url, { ...options, commandTimeout: 2_000 });
    this.#tail = new Redis(url, options);
    for (const connection of [this.#commands, this.#tail]) {
      connection.on('error', (error: Error) => (this.#connectionError = error));
      connection.on('ready', () => (this.#connectionError = undefined));
    }
    this.#keys = redisKeyNames.map((name) => `{${prefix}}:${name}`);
    this.#historyCount = historyCount;
  }

  /** Undefined when the store is not the one that the copy was read from, or lost data; nothing was written then. */
  async transact(
    copy: CopyPosition,
    { writes, conditions = [] }: Transaction,
  ): Promise<StoreTransactionResult | undefined> {
    const request = {
      writes: writes.map((write) => {
        const key = keyOfWrite(write);
        const { kind, expectedRevision } = write;
        if (write.kind === 'delete') return { kind, key, expectedRevision };
        return {
          kind,
          key,
          expectedRevision,
          json: canonicalJson(write.value),
          ttlMs: leaseTtlMsOf(write.value) ?? 0,
        };
      }),
      conditions,
    };
    const answer = await this.#run(this.#commands, transactScript, [
      copy.epoch,
      copy.revision,
      JSON.stringify(request),
      this.#historyCount,
    ]);
    const result = JSON.parse(String(answer)) as StoreTransactionResult | { readonly kind: 'replaced' };
    if (result.kind === 'replaced') return undefined;
    // An empty Lua table is encoded as an object.
    return result.kind === 'committed' && writes.length === 0 ? { ...result, results: [] } : result;
  }

  /** Undefined when the store is not the one that the copy was read from, or lost data. */
  async renew({ epoch, revision }: CopyPosition, key: string): Promise<RenewResult | undefined> {
    const answer = await this.#run(this.#commands, renewScript, [epoch, revision, key]);
    if (answer === 'replaced') return undefined;
    return { kind: answer === 'renewed' ? 'renewed' : answer === 'unleased' ? 'unleased' : 'absent' };
  }

  /** `copy`: undefined before anything was read. */
  async tick(copy: CopyPosition | undefined): Promise<StoreTick> {
    const answer = await this.#run(this.#commands, tickScript, [copy?.epoch ?? '', copy?.revision ?? 0]);
    const [epoch, revision, dueKeys, verdict] = answer as [string, string, string[], StoreTick['verdict']];
    return { epoch, revision: Number(revision), dueKeys, verdict };
  }

  /** Removes those whose leases have run out indeed; returns them. Nothing in another store. */
  async expire(
    epoch: string,
    reason: 'deleted' | 'lease-expired',
    keys: readonly string[],
  ): Promise<readonly string[]> {
    const answer = await this.#run(this.#commands, expireScript, [
      epoch,
      this.#historyCount,
      reason,
      ...keys,
    ]);
    return answer as string[];
  }

  async readAll(): Promise<StoreReading> {
    const answer = await this.#run(this.#tail, readAllScript, []);
    const [epoch, revision, flat, isOffered] = answer as [string, string, string[], number];
    const objects: StoredObject[] = [];
    for (let index = 0; index < flat.length; index += 2) {
      objects.push(parseRecord(flat[index] ?? '', flat[index + 1] ?? ''));
    }
    return { epoch, revision: Number(revision), objects, isAboutToBeFilled: isOffered === 1 };
  }

  /**
   * False when the store has lost nothing, or another copy has more. A fill that rejects may have been made: the
   * epoch of the store then carries `token` (see `isFilledBy`).
   */
  async fill(
    { epoch, revision }: CopyPosition,
    token: string,
    objects: readonly StoredObject[],
  ): Promise<boolean> {
    const records = objects.flatMap((object) => [object.key, toRecord(object)]);
    const args = [epoch, revision, this.#historyCount, token, ...records];
    return (await this.#run(this.#tail, fillScript, args)) === 1;
  }

  /** Waits for entries after `revision`; an empty list when none came for a while. */
  async readLog(revision: number): Promise<readonly LogEntry[]> {
    const log = this.#keys.at(-1) ?? '';
    const answer = await this.#send(this.#tail, () =>
      this.#tail.xread('COUNT', 200, 'BLOCK', logBlockMs, 'STREAMS', log, `${revision}-0`),
    );
    const entries = answer?.[0]?.[1] ?? [];
    return entries.map(([id, fields]) => ({
      revision: Number(id.slice(0, id.indexOf('-'))),
      changes: toChanges(fields[1] ?? '[]'),
    }));
  }

  close(): void {
    this.#commands.disconnect();
    this.#tail.disconnect();
  }

  /** Waits for an attempt to connect that is under way, then sends; rejects at once when there is no connection. */
  async #send<T>(connection: Redis, command: () => Promise<T>): Promise<T> {
    if (connection.status === 'connecting' || connection.status === 'connect') {
      const ending = new AbortController();
      const events = ['ready', 'close', 'end'].map((name) =>
        once(connection, name, { signal: ending.signal }),
      );
      for (const event of events) event.catch(() => undefined);
      await Promise.race(events).finally(() => ending.abort());
    }
    if (connection.status !== 'ready') throw this.#noConnection();
    try {
      return await command();
    } catch (thrown) {
      // The client speaks of its options when the socket ended and it has not noticed yet.
      throw messageOf(thrown).includes('enableOfflineQueue') ? this.#noConnection() : thrown;
    }
  }

  #noConnection(): Error {
    const { message = '', code = '' } = (this.#connectionError ?? {}) as { message?: string; code?: string };
    return new Error(message || code || 'no connection');
  }

  #run(connection: Redis, script: string, args: readonly (string | number)[]): Promise<unknown> {
    const sha = createHash('sha1').update(script).digest('hex');
    return this.#send(connection, async () => {
      try {
        return await connection.evalsha(sha, this.#keys.length, ...this.#keys, ...args);
      } catch (thrown) {
        if (!messageOf(thrown).startsWith('NOSCRIPT')) throw thrown;
        return connection.eval(script, this.#keys.length, ...this.#keys, ...args);
      }
    });
  }
}

type LoggedChange =
  | { readonly kind: 'put'; readonly key: string; readonly record: string }
  | { readonly kind: 'delete'; readonly key: string; readonly reason: 'deleted' | 'lease-expired' };

function toChanges(json: string): Change[] {
  const logged = JSON.parse(json) as unknown;
  // An empty Lua table is encoded as an object.
  if (!Array.isArray(logged)) return [];
  return (logged as LoggedChange[]).map((change) =>
    change.kind === 'put'
      ? { kind: 'put', key: change.key, object: parseRecord(change.key, change.record) }
      : change,
  );
}

function toRecord({ value, createRevision, modifyRevision }: StoredObject): string {
  return `${createRevision} ${modifyRevision} ${leaseTtlMsOf(value) ?? 0} ${canonicalJson(value)}`;
}

function parseRecord(key: string, record: string): StoredObject {
  const [, createRevision, modifyRevision, json = ''] = /^(\d+) (\d+) \d+ (.*)$/s.exec(record) ?? [];
  const parsed = checkMeshObject(JSON.parse(json));
  if (!('object' in parsed)) throw new Error(`the store holds a value that is no mesh object under ${key}`);
  return {
    key,
    value: parsed.object,
    createRevision: Number(createRevision),
    modifyRevision: Number(modifyRevision),
  };
}
