import type { Socket } from 'node:net';

/** Makes a handshake over a connection. Rejected: the connection is of no use; its owner closes it. */
export type ConnectSecurely = (plain: Socket, alpnProtocols: readonly string[]) => Promise<Socket>;

/** How management servers are spoken to in private: by the cluster's name; undefined for one without TLS. */
export type ManagementServerTls = (clusterName: string) => ConnectSecurely | undefined;
