import { Type } from '@sinclair/typebox';
import type { FastifyPluginCallback } from 'fastify';

/** Whether this control plane may be sent proxies. Asked for each request. */
export type ReadinessSource = () => Readiness;
export type Readiness =
  { readonly isReady: true } | { readonly isReady: false; readonly reasons: readonly string[] };

const HealthSchema = Type.Object({
  status: Type.String(),
  reasons: Type.Optional(Type.Array(Type.String())),
});

/** `/healthz` (the process answers) and `/readyz` (it knows the mesh) */
export const healthPlugin: FastifyPluginCallback<{ readonly readiness: ReadinessSource }> = (
  app,
  { readiness },
  done,
) => {
  app.get(
    '/healthz',
    { schema: { tags: ['health'], summary: 'The process answers', response: { 200: HealthSchema } } },
    () => Promise.resolve({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        summary: 'The registry was read completely and a first snapshot exists',
        response: { 200: HealthSchema, 503: HealthSchema },
      },
    },
    async (_request, reply) => {
      const state = readiness();
      if (state.isReady) return { status: 'ready' };
      return reply.code(503).send({ status: 'not ready', reasons: state.reasons });
    },
  );
  done();
};
