import { methodNotAllowed } from './error-handler.ts';
import type { FastifyInstance } from 'fastify';

const knownMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Methods of each path below `/v1` and beside it, filled while routes are added. */
export type MethodsByPath = ReadonlyMap<string, ReadonlySet<string>>;

export function collectMethods(app: FastifyInstance): MethodsByPath {
  const methodsByPath = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    // The pages of the documentation are another plugin's, and have wildcards of their own.
    if (url.startsWith('/docs')) return;
    const methods = methodsByPath.get(url) ?? new Set<string>();
    for (const name of [method].flat()) methods.add(name);
    methodsByPath.set(url, methods);
  });
  return methodsByPath;
}

/** A known path with another method is 405 with `Allow`, which Fastify would answer with 404. */
export function refuseOtherMethods(app: FastifyInstance, methodsByPath: MethodsByPath): void {
  for (const [url, methods] of [...methodsByPath]) {
    const allowed = [...methods].sort();
    app.route({
      url,
      method: knownMethods.filter((method) => !methods.has(method)),
      schema: { hide: true },
      // Before the body: its type does not matter to a method that is refused.
      onRequest: (request, reply, done) => {
        void reply.header('allow', allowed.join(', '));
        done(methodNotAllowed(request.method, allowed));
      },
      handler: () => undefined,
    });
  }
}
