import { HeddleError } from '@heddle/shared/errors/heddle-error';
import type { HttpRoute } from '@heddle/shared/model/http-route';
import { parseMeshObject } from '@heddle/shared/model/parse-object';
import { isRecord } from '../client/json.ts';
import type { RestClient } from '../client/rest-client.ts';
import type { ShiftStep } from './demo-file-schema.ts';

/** Response header in which the route says which revision of it a request took. */
export const routeHeader = 'x-route';

/**
 * Reads the route, moves the weights of its first rule, marks its answers with `marker`, and writes it back under
 * its ETag. Resolves when the control plane has answered.
 */
export async function shiftRoute(client: RestClient, step: ShiftStep, marker: string): Promise<void> {
  const path = `/v1/routes/${encodeURIComponent(step.route)}`;
  const { body, etag } = await client.send({ path });
  const route = withWeights(asRoute(body), step.weights, marker);
  await client.send({ method: 'PUT', path, body: route, ...(etag === undefined ? {} : { ifMatch: etag }) });
}

/** The answer of a GET may hold more than the document: what the server knows about it. */
function asRoute(body: unknown): HttpRoute {
  const { kind, metadata, spec } = isRecord(body) ? body : {};
  const object = parseMeshObject({ kind, metadata, spec });
  if (object.kind !== 'HTTPRoute') throw new HeddleError('invalid-input', `a ${object.kind} is no route`);
  return object;
}

export function withWeights(
  route: HttpRoute,
  weights: Readonly<Record<string, number>>,
  marker: string,
): HttpRoute {
  const [rule, ...rest] = route.spec.rules;
  if (rule === undefined) throw new HeddleError('invalid-input', 'the route has no rule');
  const named = (rule.backendRefs ?? []).map(({ version }) => version);
  const missing = Object.keys(weights).filter((version) => !named.includes(version));
  if (missing.length > 0) {
    throw new HeddleError(
      'invalid-input',
      `route "${route.metadata.name}" names no version ${missing.join(', ')}`,
    );
  }
  const others = (rule.filters ?? []).filter(({ type }) => type !== 'ResponseHeaderModifier');
  const changed = {
    ...rule,
    backendRefs: (rule.backendRefs ?? []).map((ref) => ({
      ...ref,
      weight: weights[ref.version ?? ''] ?? ref.weight ?? 1,
    })),
    filters: [
      ...others,
      {
        type: 'ResponseHeaderModifier' as const,
        responseHeaderModifier: { set: [{ name: routeHeader, value: marker }] },
      },
    ],
  };
  return { ...route, spec: { ...route.spec, rules: [changed, ...rest] } };
}
