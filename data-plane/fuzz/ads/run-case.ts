import { setImmediate } from 'node:timers/promises';
import { createSeededRng, randomInteger, type Rng } from '@heddle/shared/random/rng';
import { delta, sotw, type Harness } from '../../src/config/ads/testing/mux-harness.ts';
import type {
  RejectedResource,
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
} from '../../src/config/subscription.ts';
import { ModelServer, Violation, type ModelType, type Variant } from './model-server.ts';

const stepCount = 80;
const settleRounds = 30;
const names = ['a', 'b', 'c', 'd', 'e'] as const;

/** Folds what it is told. */
class ModelWatcher implements ResourceWatcher<string> {
  readonly type: ModelType;
  /** undefined: everything. */
  readonly names: readonly string[] | undefined;
  readonly held = new Map<string, string>();
  subscription: Subscription | undefined;

  constructor(type: ModelType, watched: readonly string[] | undefined) {
    this.type = type;
    this.names = watched;
  }

  onUpdate({ upserts, removed }: ResourceUpdate<string>): readonly RejectedResource[] {
    for (const { name, value } of upserts) {
      if (this.names?.includes(name) === false)
        throw new Violation(`${name} for who watches ${this.names.join()}`);
      this.held.set(name, value.slice(name.length + 1));
    }
    for (const name of removed) this.held.delete(name);
    return [];
  }

  onRejected(): void {
    // What it had stays.
  }

  onInitialFetchTimeout(): void {
    throw new Violation('a first fetch without a limit timed out');
  }
}

/**
 * The client's side of one ADS stream after another, against a model of a server: watches that come and go, changes,
 * bad resources, lost streams, in an order that the seed decides. In the end watchers hold what the server has, and the server knows
 * exactly what is watched.
 * @throws Violation with the events that led to it
 */
export async function runAdsCase(seed: number, variant: Variant): Promise<void> {
  const events: string[] = [];
  const harness = variant === 'sotw' ? sotw() : delta();
  try {
    await play(seed, variant, harness, events);
  } catch (thrown) {
    const reason = thrown instanceof Violation ? thrown.message : String((thrown as Error).stack);
    throw new Violation(`seed ${seed}, ${variant}: ${reason}\n  ${events.slice(-40).join('\n  ')}`, {
      cause: thrown,
    });
  } finally {
    harness.mux.stop();
  }
}

async function play(
  seed: number,
  variant: Variant,
  harness: Harness<unknown>,
  events: string[],
): Promise<void> {
  const rng = createSeededRng(seed);
  const server = new ModelServer(variant, harness.transport, rng);
  const watchers = new Set<ModelWatcher>();
  let isOpen = false;
  for (let step = 0; step < stepCount; step++) {
    const roll = rng.next();
    if (roll < 0.15) events.push(openWatch(harness, watchers, rng));
    else if (roll < 0.22) events.push(closeWatch(watchers, rng));
    else if (roll < 0.4) events.push(change(server, rng));
    else if (roll < 0.5) await setImmediate();
    else if (roll < 0.55) {
      if (isOpen) server.close();
      else server.open();
      isOpen = !isOpen;
      events.push(isOpen ? 'stream opens' : 'stream is lost');
    } else if (roll < 0.6) harness.clock.advance(randomInteger(rng, 2000));
    else if (isOpen) {
      server.read();
      const hasGarbage = rng.next() < 0.1;
      if (server.respond(hasGarbage)) events.push(hasGarbage ? 'response with garbage' : 'response');
    }
  }
  if (!isOpen) server.open();
  await settle(server, watchers, harness);
  server.markAll();
  await settle(server, watchers, harness);
  checkSettled(server, watchers, variant);
}

async function settle(
  server: ModelServer,
  watchers: ReadonlySet<ModelWatcher>,
  { clock }: Harness<unknown>,
): Promise<void> {
  // What nobody watches need not be looked at.
  const watched = new Set([...watchers].map(({ type }) => type));
  const unansweredCount = (): number =>
    [...watched].reduce((sum, type) => sum + server.unansweredCount(type), 0);
  for (let round = 0; round < settleRounds; round++) {
    await setImmediate();
    server.read();
    const hasSent = server.respond(false);
    clock.advance(10_000);
    if (!hasSent && unansweredCount() === 0 && round > 2) return;
  }
  throw new Violation(`${unansweredCount()} responses were never answered`);
}

function openWatch(
  { mux, clusters, endpoints }: Harness<unknown>,
  watchers: Set<ModelWatcher>,
  rng: Rng,
): string {
  const type = rng.next() < 0.5 ? 'cds' : 'eds';
  const watched = type === 'cds' && rng.next() < 0.5 ? undefined : names.filter(() => rng.next() < 0.4);
  if (watched?.length === 0) return 'nothing';
  const watcher = new ModelWatcher(type, watched);
  watchers.add(watcher);
  watcher.subscription = mux.source(type === 'cds' ? clusters : endpoints).subscribe(watched, watcher, 0);
  return `watch ${type} ${watched?.join() ?? '*'}`;
}

function closeWatch(watchers: Set<ModelWatcher>, rng: Rng): string {
  const watcher = [...watchers][randomInteger(rng, Math.max(1, watchers.size))];
  if (watcher === undefined) return 'nothing';
  watchers.delete(watcher);
  watcher.subscription?.close();
  return `no watch of ${watcher.type} ${watcher.names?.join() ?? '*'} any more`;
}

function change(server: ModelServer, rng: Rng): string {
  const type = rng.next() < 0.5 ? 'cds' : 'eds';
  const name = names[randomInteger(rng, names.length)] ?? 'a';
  const value = rng.next() < 0.3 ? undefined : rng.next() < 0.15 ? 'bad' : String(randomInteger(rng, 50));
  server.set(type, name, value);
  return `${type} ${name} = ${value ?? 'gone'}`;
}

function checkSettled(server: ModelServer, watchers: ReadonlySet<ModelWatcher>, variant: Variant): void {
  for (const type of ['cds', 'eds'] as const) {
    const ofType = [...watchers].filter((watcher) => watcher.type === type);
    const isWildcard = ofType.some((watcher) => watcher.names === undefined);
    const wanted = new Set(ofType.flatMap((watcher) => watcher.names ?? []));
    const told = server.subscription(type);
    const toldNames = [...(told?.names ?? [])].sort().join();
    // A stream without names has no way to give everything up.
    const isStuck = variant === 'sotw' && told?.hasNamed === false && ofType.length === 0;
    if (isStuck) continue;
    if ((told?.isWildcard ?? false) !== isWildcard || toldNames !== [...wanted].sort().join()) {
      throw new Violation(
        `${type}: watched are ${isWildcard ? '* ' : ''}${[...wanted].join()}, the server knows ${told?.isWildcard === true ? '* ' : ''}${toldNames}`,
      );
    }
    for (const watcher of ofType) checkWatcher(watcher, server.world[type], variant);
  }
}

function checkWatcher(
  { type, names: watched, held }: ModelWatcher,
  world: ReadonlyMap<string, string>,
  variant: Variant,
): void {
  for (const name of watched ?? new Set([...world.keys(), ...held.keys()])) {
    const value = world.get(name);
    // The last good one serves, whichever that was.
    if (value === 'bad') continue;
    // In state of the world nothing says that one of these is gone.
    if (value === undefined && variant === 'sotw' && type === 'eds') continue;
    if (held.get(name) !== value) {
      throw new Violation(
        `${type} ${name} is ${value ?? 'gone'}, a watcher of ${watched?.join() ?? '*'} holds ${held.get(name) ?? 'nothing'}`,
      );
    }
  }
}
