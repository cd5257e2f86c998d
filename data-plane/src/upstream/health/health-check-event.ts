import { isPipe } from '../../config/model/address.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import type { Locality } from '../../config/model/locality.ts';
import type { FailureType } from './health-state.ts';

export type HealthCheckEventKind =
  | { readonly kind: 'eject-unhealthy'; readonly failureType: FailureType }
  | { readonly kind: 'add-healthy'; readonly isFirstCheck: boolean }
  | { readonly kind: 'check-failed'; readonly failureType: FailureType; readonly isFirstCheck: boolean }
  | { readonly kind: 'degraded' }
  | { readonly kind: 'no-longer-degraded' };

export interface HealthCheckEvent {
  readonly event: HealthCheckEventKind;
  readonly checkerType: 'HTTP' | 'TCP' | 'GRPC';
  readonly host: SocketAddress;
  readonly clusterName: string;
  readonly locality: Locality;
  /** Epoch ms. */
  readonly at: number;
}

/** One line of the event log: `envoy.data.core.v3.HealthCheckEvent` as JSON, empty fields included. */
export function formatHealthCheckEvent(event: HealthCheckEvent): string {
  const { region, zone, subZone } = event.locality;
  return JSON.stringify({
    health_checker_type: event.checkerType,
    host: toHostField(event.host),
    cluster_name: event.clusterName,
    ...toEventField(event.event),
    timestamp: new Date(event.at).toISOString(),
    locality: { region, zone, sub_zone: subZone },
  });
}

function toHostField(host: SocketAddress): unknown {
  if (isPipe(host)) return { pipe: { path: host.address, mode: 0 } };
  const { address, port } = host;
  return {
    socket_address: {
      protocol: 'TCP',
      address,
      resolver_name: '',
      ipv4_compat: false,
      port_value: port,
    },
  };
}

function toEventField(event: HealthCheckEventKind): Record<string, unknown> {
  switch (event.kind) {
    case 'eject-unhealthy':
      return { eject_unhealthy_event: { failure_type: nameOf(event.failureType) } };
    case 'add-healthy':
      return { add_healthy_event: { first_check: event.isFirstCheck } };
    case 'check-failed':
      return {
        health_check_failure_event: {
          failure_type: nameOf(event.failureType),
          first_check: event.isFirstCheck,
        },
      };
    case 'degraded':
      return { degraded_healthy_host: {} };
    case 'no-longer-degraded':
      return { no_longer_degraded_host: {} };
  }
}

function nameOf(type: FailureType): string {
  return type.replace('-', '_').toUpperCase();
}
