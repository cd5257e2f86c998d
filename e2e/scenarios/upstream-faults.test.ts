import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBadUpstream, type Misbehaviour } from '../faults/bad-upstream.ts';
import { startFaultMesh, type FaultMesh, type OwnRequests } from '../faults/fault-mesh.ts';
import { formatFaultTable, type FaultRow } from '../faults/fault-table.ts';
import { createHarness, until, type Harness } from '../harness/harness.ts';
import { call, type Answer } from '../harness/http-call.ts';
import { instance, policy, route, service } from '../harness/objects.ts';
import { startAnsweringPorts } from '../harness/parts.ts';

let harness: Harness;
let mesh: FaultMesh;
let goodPort = 0;
const rows: FaultRow[] = [];
before(async () => {
  harness = createHarness('upstream-faults');
  [mesh, [goodPort = 0]] = await Promise.all([startFaultMesh(harness), startAnsweringPorts(harness, 1)]);
});
after(async () => {
  await harness[Symbol.asyncDispose]();
  console.log(formatFaultTable(rows));
});

const requestCount = 20;
const requestTimeout = '300ms';

/** To the service `sick`, through both sidecars, each on a connection of its own. */
function askSick(): Promise<PromiseSettledResult<Answer>[]> {
  return Promise.allSettled(
    Array.from({ length: requestCount }, (_, index) => {
      const { outboundPort, listenAddress } = mesh.sidecars[index % mesh.sidecars.length]!;
      return call(outboundPort, '/', { host: 'sick', address: listenAddress, timeoutMs: 10_000 });
    }),
  );
}

/** What came of the requests: the status, or that there was no whole answer. */
function outcomesOf(results: readonly PromiseSettledResult<Answer>[]): string[] {
  return [
    ...new Set(
      results.map((result) => (result.status === 'fulfilled' ? String(result.value.status) : 'cut')),
    ),
  ];
}

/** Waits until both sidecars know the service, whatever they answer then. */
async function untilSickIsKnown(): Promise<void> {
  for (const { id, outboundPort, listenAddress } of mesh.sidecars) {
    await until(`${id} has a route to the service`, async () => {
      const { status } = await call(outboundPort, '/known', { host: 'sick', address: listenAddress }).catch(
        () => ({ status: 0 }),
      );
      return status !== 404;
    });
  }
}

interface Expectation {
  readonly misbehaviour: Misbehaviour;
  /** What a client is told when there is nobody else. */
  readonly outcome: string;
}

const expectations: readonly Expectation[] = [
  { misbehaviour: 'silent', outcome: '504' },
  { misbehaviour: 'resetting', outcome: '503' },
  { misbehaviour: 'garbage', outcome: '502' },
  // The head was on its way already: all that is left is to break the connection.
  { misbehaviour: 'cut-short', outcome: 'cut' },
];

const timeouts = { request: requestTimeout };

for (const { misbehaviour, outcome } of expectations) {
  const name = `an upstream that is ${misbehaviour}`;
  test(name, { timeout: 60_000 }, async () => {
    await using bad = await startBadUpstream(misbehaviour);
    const { rest } = mesh.controlPlanes[0]!;
    const plain = route('sick');
    const rules = [{ backendRefs: [{ name: 'sick' }], timeouts }];
    const act = async (): Promise<OwnRequests> => {
      await rest.apply(service('sick'), instance('sick', 'bad', bad.port), {
        ...plain,
        spec: { ...plain.spec, rules },
      });
      await untilSickIsKnown();
      const results = await askSick();
      assert.deepEqual(outcomesOf(results), [outcome]);
      return { requests: results.length, failed: results.length, hadToFail: results.length };
    };
    rows.push(await mesh.during(name, act));
    await removeSick();
  });
}

test('an upstream that resets beside a good one, with retries', { timeout: 60_000 }, async () => {
  await using bad = await startBadUpstream('resetting');
  const { rest } = mesh.controlPlanes[0]!;
  const act = async (): Promise<OwnRequests> => {
    await rest.apply(
      service('sick'),
      instance('sick', 'bad', bad.port),
      instance('sick', 'good', goodPort),
      route('sick', [], 3),
      // Three retries at a time are the default: more would be refused by the circuit breaker.
      policy('sick', { circuitBreaker: { maxRetries: 100 } }),
    );
    await untilSickIsKnown();
    const results = await askSick();
    assert.deepEqual(outcomesOf(results), ['200']);
    assert.ok(bad.requestCount > 0, 'the one that resets was asked too');
    return { requests: results.length, failed: 0, hadToFail: 0 };
  };
  rows.push(await mesh.during('an upstream that resets beside a good one', act));
  await removeSick();
});

async function removeSick(): Promise<void> {
  const { rest } = mesh.controlPlanes[0]!;
  const { items } = (await rest.get('/v1/services/sick/instances')) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  await rest.delete('/v1/routes/sick');
  await rest.send('DELETE', '/v1/policies/sick');
  for (const { metadata } of items) await rest.delete(`/v1/services/sick/instances/${metadata.name}`);
  await rest.delete('/v1/services/sick');
  await mesh.untilChangesArrive();
}
