import { parseDocuments } from '@heddle/shared/model/parse-documents';
import type { HttpRoute } from '@heddle/shared/model/http-route';
import type { Instance } from '@heddle/shared/model/instance';
import type { MeshObject } from '@heddle/shared/model/mesh-object';
import type { Policy } from '@heddle/shared/model/policy';
import type { Secret } from '@heddle/shared/model/secret';
import type { Service } from '@heddle/shared/model/service';
import type { Mesh } from './mesh.ts';

/** A mesh in which every part of the model occurs; the goldens are made from it. */
const text = `
kind: Service
metadata: { name: web }
---
kind: Service
metadata: { name: cart }
spec: { protocol: http2, port: 7001 }
---
kind: Service
metadata: { name: ledger }
spec: { protocol: tcp, port: 7002 }
---
kind: Service
metadata: { name: quiet }
---
kind: Instance
metadata: { name: web-1, service: web }
spec: { address: 10.0.0.1, port: 8080 }
---
kind: Instance
metadata: { name: cart-b, service: cart }
spec:
  address: fd00::2
  port: 8080
  weight: 3
  version: v2.1
  metadata: { team: blue }
  locality: { region: eu, zone: eu-1 }
  health: healthy
---
kind: Instance
metadata: { name: cart-a, service: cart }
spec: { address: 10.0.0.2, port: 8080, version: v1, health: draining }
---
kind: Instance
metadata: { name: cart-c, service: cart }
spec: { address: 10.0.0.2, port: 8080, version: v1 }
---
kind: Instance
metadata: { name: ledger-1, service: ledger }
spec: { address: 10.0.0.3, port: 9000 }
---
kind: HTTPRoute
metadata: { name: cart-split }
spec:
  parentRefs: [{ name: cart }]
  rules:
    - name: split
      backendRefs:
        - { name: cart, version: v1, weight: 90 }
        - { name: cart, version: v2.1, weight: 10 }
      timeouts: { request: 3s, backendRequest: 500ms }
      retry: { codes: [503, 502], attempts: 2, backoff: 50ms }
    - matches:
        - path: { type: Exact, value: /exact }
        - path: { type: RegularExpression, value: '/item/[0-9]+' }
          method: GET
      backendRefs: [{ name: web }]
      timeouts: { request: 0s }
    - matches:
        - path: { value: /old/ }
          headers:
            - { name: X-User, value: ann }
            - { name: x-user, value: ignored }
            - { name: x-group, type: RegularExpression, value: 'a|b' }
          queryParams: [{ name: beta, value: 'yes' }]
      filters:
        - type: URLRewrite
          urlRewrite: { hostname: web.internal, path: { type: ReplacePrefixMatch, replacePrefixMatch: / } }
        - type: RequestHeaderModifier
          requestHeaderModifier:
            set: [{ name: x-set, value: 100% }]
            add: [{ name: x-add, value: '' }]
            remove: [x-remove]
        - type: ResponseHeaderModifier
          responseHeaderModifier: { set: [{ name: x-answered-by, value: mesh }] }
      backendRefs: [{ name: web }]
---
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web }]
  hostnames: [shop.test, '*.shop.test', a.shop.test]
  rules:
    - matches: [{ path: { value: /moved } }]
      filters:
        - type: RequestRedirect
          requestRedirect:
            scheme: https
            hostname: new.test
            port: 443
            statusCode: 301
            path: { type: ReplaceFullPath, replaceFullPath: /here }
    - matches: [{ path: { value: /api } }]
      filters:
        - type: RequestRedirect
          requestRedirect: { port: 8443, path: { type: ReplacePrefixMatch, replacePrefixMatch: /v2/ } }
    - filters:
        - type: URLRewrite
          urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /shop } }
      backendRefs: [{ name: web }]
---
kind: Policy
metadata: { name: cart-checks }
spec:
  targetRef: { name: cart }
  healthCheck:
    http: { path: /healthz, expectedStatuses: [200, 201, 204] }
    interval: 1s
  circuitBreaker: { maxConnections: 10, maxPendingRequests: 0 }
---
kind: Policy
metadata: { name: cart-balance }
spec:
  targetRef: { name: cart }
  loadBalancer: { policy: leastRequest, choiceCount: 3 }
  timeouts: { connect: 250ms, request: 7s, idle: 0s }
---
kind: Policy
metadata: { name: ledger-checks }
spec:
  targetRef: { name: ledger }
  healthCheck: { tcp: {}, timeout: 1s, unhealthyThreshold: 2 }
  loadBalancer: { policy: random }
`;

export function exampleObjects(): MeshObject[] {
  return parseDocuments(text).map(({ object }) => object);
}

/** The example as the mesh that translation reads. */
export function buildExampleMesh(): Mesh {
  const instances = new Map<string, Map<string, Instance>>();
  const policies = new Map<string, Policy[]>();
  const services = new Map<string, Service>();
  const routes = new Map<string, HttpRoute>();
  const secrets = new Map<string, Secret>();
  for (const object of exampleObjects()) {
    const { name } = object.metadata;
    if (object.kind === 'Service') services.set(name, object);
    else if (object.kind === 'HTTPRoute') routes.set(name, object);
    else if (object.kind === 'Secret') secrets.set(name, object);
    else if (object.kind === 'Policy') {
      const target = object.spec.targetRef.name;
      policies.set(target, [...(policies.get(target) ?? []), object]);
    } else {
      const { service } = object.metadata;
      instances.set(service, (instances.get(service) ?? new Map<string, Instance>()).set(name, object));
    }
  }
  return { services, routes, instances, policies, secrets };
}
