import { formatAddress, toAddressJson, type ListenAddress } from '../config/model/address.ts';
import { jsonAnswer, textAnswer, type AdminEndpoint } from './admin-server.ts';

/** `envoy.admin.v3.ServerInfo.State`. */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export interface ServerView {
  readonly state: ServerState;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Options as they stand in `command_line_options`. */
  readonly commandLineOptions: Readonly<Record<string, unknown>>;
  /** The node as JSON. */
  readonly node: unknown;
  listeners(): readonly { readonly name: string; readonly address: ListenAddress }[];
}

/** `/ready`, `/server_info`, `/listeners`, `/memory`. */
export function createServerEndpoints(server: ServerView): AdminEndpoint[] {
  return [
    {
      path: '/ready',
      help: 'print the server state; 200 when LIVE, otherwise 503',
      isMutating: false,
      handle: () => textAnswer(`${server.state}\n`, server.state === 'LIVE' ? 200 : 503),
    },
    {
      path: '/server_info',
      help: 'print version, state, uptime, options and node',
      isMutating: false,
      handle: () =>
        jsonAnswer({
          version: server.version,
          state: server.state,
          uptime_current_epoch: `${server.uptimeSeconds}s`,
          uptime_all_epochs: `${server.uptimeSeconds}s`,
          hot_restart_version: 'disabled',
          command_line_options: server.commandLineOptions,
          node: server.node,
        }),
    },
    {
      path: '/listeners',
      help: 'print the addresses that are listened on (?format=json)',
      isMutating: false,
      handle(query) {
        const listeners = server.listeners();
        if (query.get('format') === 'json') {
          return jsonAnswer({
            listener_statuses: listeners.map(({ name, address }) => ({
              name,
              local_address: toAddressJson(address),
            })),
          });
        }
        return textAnswer(
          listeners.map(({ name, address }) => `${name}::${formatAddress(address)}\n`).join(''),
        );
      },
    },
    {
      path: '/memory',
      help: 'print memory use in bytes',
      isMutating: false,
      handle() {
        const memory = process.memoryUsage();
        return jsonAnswer({
          allocated: String(memory.heapUsed + memory.external),
          heap_size: String(memory.heapTotal),
          pageheap_unmapped: '0',
          pageheap_free: String(memory.heapTotal - memory.heapUsed),
          total_thread_cache: '0',
          total_physical_bytes: String(memory.rss),
        });
      },
    },
  ];
}
