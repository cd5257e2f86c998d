import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { buildEmptyAssignment } from '../src/xds/empty-assignment.ts';
import { createResponseEncoder, type ResponseEncoder } from '../src/xds/encode-response.ts';
import { NodeStatusBoard } from '../src/xds/node-status.ts';
import { XdsStream, type StreamDependencies } from '../src/xds/xds-stream.ts';
import { noXdsMetrics } from '../src/xds/xds-metrics.ts';
import { api } from '../test/ads-client.ts';
import { TestSnapshots } from '../test/test-snapshots.ts';
import { checkNothingIsBroken, followAsEnvoy, openAsEnvoy } from './envoy-model.ts';
import { reopen, wantAnything } from './free-model.ts';
import { ModelClient, Violation } from './model-client.ts';
import { emptyWorld, nextWorld } from './random-world.ts';
import { textOf, type Variant } from './wire-client.ts';

const stepCount = 120;
const ackTimeoutMs = 5000;
/** More than any wait of the server: late removals, silent clients. */
const settleMs = 20_000;
const settleRounds = 60;

const encoders = new Map<Variant, ResponseEncoder>();
/** Encodes once for all cases, as a server does for all its streams. */
function encoderOf(variant: Variant): ResponseEncoder {
  let encoder = encoders.get(variant);
  if (encoder === undefined) {
    encoder = createResponseEncoder(api, variant, 'fuzz');
    encoders.set(variant, encoder);
  }
  return encoder;
}

/**
 * A client of a variant, envoy-like or free, on an aggregated stream, and events from the seed: snapshots, answers that come early or late, other
 * wishes, stale answers, a full transport, a lost stream. In the end everything is answered, and the client has what it wants.
 * @throws Violation with the events that led to it
 */
export function runCase(seed: number, variant: Variant, kind: 'envoy' | 'free'): void {
  const events: string[] = [];
  try {
    play(seed, variant, kind, events);
  } catch (thrown) {
    const reason = thrown instanceof Violation ? thrown.message : String((thrown as Error).stack);
    throw new Violation(`seed ${seed}, ${variant}, ${kind}: ${reason}\n  ${events.slice(-40).join('\n  ')}`, {
      cause: thrown,
    });
  }
}

function play(seed: number, variant: Variant, kind: 'envoy' | 'free', events: string[]): void {
  const rng = createSeededRng(seed);
  const clock = createFakeClock();
  const snapshots = new TestSnapshots(clock);
  const client = new ModelClient(variant, rng);
  const dependencies: StreamDependencies = {
    typeUrl: undefined,
    snapshots,
    nodes: new NodeStatusBoard(clock, 60_000),
    encoder: encoderOf(variant),
    emptyAssignment: (name) => buildEmptyAssignment(api, name),
    metrics: noXdsMetrics,
    clock,
    logger: createSilentLogger(),
    ackTimeoutMs,
    maxResponseBytes: 200,
  };
  let world = emptyWorld;
  let stream: XdsStream | undefined;
  const transport = { isFull: false };

  const connect = (): void => {
    stream?.close();
    transport.isFull = false;
    const opened: XdsStream = new XdsStream(variant, dependencies, {
      write(response) {
        client.receive(response);
        transport.isFull = rng.next() < 0.1;
        return !transport.isFull;
      },
      refuse(message) {
        throw new Violation(`the stream was refused: ${message}`);
      },
    });
    stream = opened;
    client.connect((request) => {
      const { typeUrl, responseNonce, names } = request;
      events.push(`request ${typeUrl.split('.').at(-1)} nonce '${responseNonce}' ${JSON.stringify(names)}`);
      opened.onRequest(request);
    });
    if (kind === 'envoy') openAsEnvoy(client);
    else reopen(client, rng);
  };
  const change = (): void => {
    world = nextWorld(world, rng);
    events.push(`snapshot ${JSON.stringify(world)}`);
    snapshots.set(world);
  };
  const answer = (isAccepted: boolean): void => {
    const response = client.answer(isAccepted, (seen) => {
      if (kind === 'envoy') followAsEnvoy(client, seen);
    });
    if (response === undefined) return;
    events.push(
      `${isAccepted ? 'accepted' : 'refused'} ${response.typeUrl.split('.').at(-1)} ${response.resources.map(({ name }) => name).join()} without ${response.removed.join()}`,
    );
    if (kind === 'envoy') checkNothingIsBroken(client);
  };

  if (rng.next() < 0.7) change();
  connect();
  for (let step = 0; step < stepCount; step++) {
    const roll = rng.next();
    if (roll < 0.25) change();
    else if (roll < 0.75) answer(kind === 'envoy' || rng.next() < 0.85);
    else if (roll < 0.85 && transport.isFull) {
      transport.isFull = false;
      stream?.onDrain();
    } else if (roll < 0.95 && kind === 'free') wantAnything(client, rng);
    else if (roll < 0.97) client.answerStale(typeUrls.cluster);
    else if (roll < 0.98) {
      events.push('the stream is lost');
      connect();
    } else if (kind === 'free') clock.advance(randomInteger(rng, 2 * ackTimeoutMs));
  }
  for (let round = 0; round < settleRounds; round++) {
    events.push(`settling, round ${round}`);
    while (client.inboxSize > 0) answer(true);
    transport.isFull = false;
    stream?.onDrain();
    clock.advance(settleMs / settleRounds);
  }
  while (client.inboxSize > 0) answer(true);
  snapshots.set(world);
  checkSettled(client, snapshots);
  stream?.close();
}

/** The client was told what the snapshot has, of all that it wants, and everything that it asked for was answered. */
function checkSettled(client: ModelClient, snapshots: TestSnapshots): void {
  const snapshot = snapshots.current();
  if (snapshot === undefined) return;
  for (const type of client.types.values()) {
    if (type.isFirst) continue;
    const { typeUrl, wanted, seen, waiting } = type;
    if (waiting.size > 0) throw new Violation(`${typeUrl}: no answer about ${[...waiting].join()}`);
    const names = new Set([...snapshot.names(typeUrl), ...seen.keys()]);
    for (const name of names) {
      if (wanted !== 'all' && !wanted.has(name)) continue;
      const expected = snapshot.get(typeUrl, name);
      const told = seen.get(name);
      if (expected === undefined && told === undefined) continue;
      if (expected === undefined && isUnsayable(client.variant, typeUrl)) continue;
      if (told?.bytes !== (expected === undefined ? undefined : textOf(expected.any.value))) {
        throw new Violation(`${name} of ${typeUrl} is ${told === undefined ? 'missing' : 'another one'}`);
      }
    }
  }
}

/** In state of the world, of these types nothing says that a resource is gone; endpoints are empty instead. */
function isUnsayable(variant: Variant, typeUrl: string): boolean {
  return (
    variant === 'sotw' &&
    (typeUrl === typeUrls.routeConfiguration || typeUrl === typeUrls.clusterLoadAssignment)
  );
}
