import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng } from '@heddle/shared/random/rng';
import { usePeer } from '@heddle/shared/testing/peers';
import {
  listenerFilter,
  proxyProtocolFilter,
  socketAddress,
  type Json,
} from '../statistics/bootstrap-parts.ts';
import { startSidecarProcess } from '../statistics/sidecar-process.ts';
import { startEnvoyProcess } from '../statistics/envoy-process.ts';
import { generateCases } from './generate-cases.ts';
import { makeVisits } from './make-visit.ts';
import type { MatchCase } from './match-case.ts';

const envoy = usePeer('envoy');
const filters = 'type.googleapis.com/envoy.extensions.filters';
const seed = 7;
const caseCount = 100;
const visitCount = 10;

/** A chain that answers with its name, whatever comes. */
function answering(name: string, match?: Json): Json {
  const answer = {
    '@type': `${filters}.network.direct_response.v3.Config`,
    response: { inline_string: name },
  };
  return {
    name,
    filters: [{ name: 'answer', typed_config: answer }],
    ...(match === undefined ? {} : { filter_chain_match: match }),
  };
}

function toListener({ name, matches, hasDefaultChain }: MatchCase): Json {
  return {
    name,
    address: socketAddress(0),
    listener_filters: [
      proxyProtocolFilter(),
      listenerFilter('tls_inspector.v3.TlsInspector'),
      listenerFilter('http_inspector.v3.HttpInspector'),
    ],
    filter_chains: matches.map((match, index) => answering(`chain-${index}`, match)),
    ...(hasDefaultChain ? { default_filter_chain: answering('default') } : {}),
  };
}

test('chains are chosen as a real Envoy chooses them', { skip: envoy.skip }, async (t) => {
  const cases = generateCases(createSeededRng(seed), caseCount, visitCount);
  const listeners = cases.map(toListener);
  const theirs = await startEnvoyProcess(t, envoy.path, { listeners });
  const sidecar = await startSidecarProcess(
    { static_resources: { listeners } },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  const [ourOutcomes, theirOutcomes] = [
    await makeVisits(cases, (name) => sidecar.portOf(name)),
    await makeVisits(cases, (name) => Promise.resolve(theirs.portOf(name))),
  ];
  const pairs = cases.flatMap(({ matches, hasDefaultChain, visits }) =>
    visits.map((visit) => ({ matches, hasDefaultChain, visit })),
  );
  const differences = pairs.flatMap((pair, index) => {
    const [our, their] = [ourOutcomes[index], theirOutcomes[index]];
    return our === their ? [] : [{ our, their, ...pair }];
  });
  assert.deepEqual(differences, []);
  const chosen = theirOutcomes.filter((outcome) => outcome.startsWith('chain-'));
  t.diagnostic(`${pairs.length} pairs: ${chosen.length} found a chain`);
  assert.ok(chosen.length >= 200, `only ${chosen.length} found a chain`);
});
