import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { Logger } from '@heddle/shared/logging/logger';
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Registry as MetricsRegistry } from 'prom-client';
import type { Registry } from '../registry/registry.ts';
import { applyPlugin } from './apply.ts';
import { discoveryPlugin, type DiscoverySource } from './discovery.ts';
import { handleClientError, handleFrameworkError, installErrorHandler } from './error-handler.ts';
import { healthPlugin, type ReadinessSource } from './health.ts';
import { instancesPlugin } from './instances.ts';
import { collectMethods, refuseOtherMethods } from './other-methods.ts';
import { openApiHead } from './open-api.ts';
import { policiesPlugin } from './policies.ts';
import { secretsPlugin } from './secrets.ts';
import { loadsPlugin, type LoadSource } from './loads.ts';
import { proxiesPlugin } from './proxies.ts';
import type { ProxyStatusSource } from './proxy-status.ts';
import { installRequestValidation } from './request-validation.ts';
import { createRestMetrics, metricsPlugin } from './rest-metrics.ts';
import { routesPlugin } from './routes.ts';
import { servicesPlugin } from './services.ts';
import { statusPlugin, type SnapshotCounts } from './status.ts';

export interface RestOptions {
  readonly registry: Registry;
  readonly proxies: ProxyStatusSource;
  readonly loads: LoadSource;
  readonly discovery: DiscoverySource;
  readonly readiness: ReadinessSource;
  /** Asked for each request. */
  readonly snapshots: () => SnapshotCounts;
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
  /** Of Heddle, for the OpenAPI document. */
  readonly version: string;
  /** 4 MiB unless given. */
  readonly bodyLimitBytes?: number;
}

/** The REST API, ready for `inject` or `listen`. The caller closes it, and the registry after it. */
export async function createRestApp(options: RestOptions): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = options.logger.child({ component: 'rest' });
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes ?? 4 * 1024 * 1024,
    // An instance id has up to 128 characters, each of which may come escaped.
    routerOptions: { maxParamLength: 512 },
    forceCloseConnections: true,
    frameworkErrors: handleFrameworkError,
    clientErrorHandler: handleClientError,
  });
  installRequestValidation(app);
  const restMetrics = createRestMetrics(options.metrics);
  installErrorHandler(app, restMetrics.onRefused);
  app.addHook('onResponse', restMetrics.onResponse);
  const methodsByPath = collectMethods(app);

  await app.register(swagger, { openapi: openApiHead(options.version) });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  await app.register(servicesPlugin, options);
  await app.register(instancesPlugin, options);
  await app.register(routesPlugin, options);
  await app.register(policiesPlugin, options);
  await app.register(secretsPlugin, options);
  await app.register(applyPlugin, options);
  await app.register(proxiesPlugin, options);
  await app.register(loadsPlugin, options);
  await app.register(discoveryPlugin, options);
  await app.register(statusPlugin, options);
  await app.register(healthPlugin, options);
  await app.register(metricsPlugin, { metrics: options.metrics });
  refuseOtherMethods(app, methodsByPath);
  await app.ready();
  return app;
}
