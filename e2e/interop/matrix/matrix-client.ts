/** The types of the matrix, in the order of its columns, by the words of the discovery services. */
export const resourceTypes = ['LDS', 'RDS', 'CDS', 'EDS', 'SDS'] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** What calls through a client come to: the name of the instance that answered, or `! …` and why none did. */
export type CallOutcome = string;

/** A client of the control plane that was written by others, or one of ours beside them. */
export interface MatrixClient {
  /** Rows of one client stand together. */
  readonly program: string;
  readonly variant: string;
  readonly node: string;
  /** What it is to the control plane: a `raw` client says that it is a proxy, and carries no traffic. */
  readonly kind: 'proxy' | 'grpc' | 'raw';
  call(service: string, version?: string): Promise<CallOutcome>;
  /** The same over a listener of the service's own; proxies only. */
  callAt(port: number, service: string): Promise<CallOutcome>;
  /** Whether it takes connections there; proxies only. */
  isListening(port: number): Promise<boolean>;
  /** It stops wanting the service. gRPC clients only: proxies want all that they are offered. */
  forget(service: string): Promise<void>;
  /** Where others reach what stands behind it; proxies only. */
  readonly inboundPort?: number;
  /** How often it refused something of the type, as it counts itself; 0 where it tells the control plane anyway. */
  rejectedCount(type: ResourceType): Promise<number>;
}

/** The name of a service's resource of a type, as that client gets it; undefined: it gets none. */
export function resourceOf({ kind }: MatrixClient, type: ResourceType, service: string): string | undefined {
  switch (type) {
    case 'LDS':
      return kind === 'grpc' ? service : `service|${service}`;
    case 'RDS':
      return kind === 'grpc' ? `api|${service}` : `service|${service}`;
    case 'CDS':
    case 'EDS':
      return service;
    case 'SDS':
      return kind === 'grpc' ? undefined : 'identity';
  }
}
