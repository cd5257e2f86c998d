import type { FastifyPluginCallback, onResponseHookHandler } from 'fastify';
import { Counter, Histogram, type Registry as MetricsRegistry } from 'prom-client';

export interface RestMetrics {
  readonly onResponse: onResponseHookHandler;
  readonly onRefused: (code: string) => void;
}

/** Declares the metrics of the REST API in `metrics`. */
export function createRestMetrics(metrics: MetricsRegistry): RestMetrics {
  const durations = new Histogram({
    name: 'heddle_rest_request_duration_seconds',
    help: 'Time to answer a REST request.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5],
    registers: [metrics],
  });
  const refused = new Counter({
    name: 'heddle_rest_refused_total',
    help: 'REST requests that were refused, by code of docs/errors.md.',
    labelNames: ['code'],
    registers: [metrics],
  });
  return {
    onResponse(request, reply, done) {
      // The pattern of the route, never the path: names of objects would make a time series each.
      const route = request.routeOptions.url ?? 'none';
      durations.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      );
      done();
    },
    onRefused: (code) => refused.inc({ code }),
  };
}

/** `/metrics` */
export const metricsPlugin: FastifyPluginCallback<{ readonly metrics: MetricsRegistry }> = (
  app,
  { metrics },
  done,
) => {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['health'],
        summary: 'Metrics in the Prometheus text format',
        produces: ['text/plain'],
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  done();
};
