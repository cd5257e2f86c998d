import type { Logger } from '@heddle/shared/logging/logger';
import { clientStatusOf, createAdminEndpoints, type AdminSources } from './admin-endpoints.ts';
import { startAdminServer } from './admin/admin-server.ts';
import { describeOwnStatus } from './admin/client-status.ts';
import { isPipe, type Address } from './config/model/address.ts';
import type { SidecarSettings } from './settings.ts';
import { listenOnPipe } from './transport/pipe-server.ts';

export interface AdminInterface {
  /** Undefined: the bootstrap wants none. */
  readonly address: Address | undefined;
  stop(): Promise<void>;
}

/** The admin interface over HTTP, where the bootstrap wants one, and CSDS over gRPC, where the settings do. */
export async function startAdminInterface(
  { clientStatusPort }: Pick<SidecarSettings, 'clientStatusPort'>,
  sources: AdminSources & { readonly logger: Logger },
): Promise<AdminInterface> {
  const { api, logger, bootstrap } = sources;
  const address = bootstrap.admin?.address;
  const admin =
    address && (await startAdminServer(address, createAdminEndpoints(sources), logger, listenOnPipe));
  const stopClientStatus = await startClientStatus();
  return {
    address: admin?.address,
    async stop() {
      stopClientStatus();
      await admin?.close();
    },
  };

  async function startClientStatus(): Promise<() => void> {
    if (clientStatusPort === undefined) return () => undefined;
    const host = address === undefined || isPipe(address) ? '127.0.0.1' : address.address;
    const at: Address = { address: host, port: clientStatusPort };
    const view = clientStatusOf(sources);
    try {
      const { startClientStatusServer } = await import('./client-status-server.ts');
      const server = await startClientStatusServer(at, api, (request) =>
        describeOwnStatus(api, view, request),
      );
      logger.info({ address: `${host}:${server.port}` }, 'CSDS is offered');
      return () => server.stop();
    } catch (error) {
      await admin?.close();
      throw error;
    }
  }
}
