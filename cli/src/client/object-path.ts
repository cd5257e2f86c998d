export function servicePath(service: string): string {
  return `/v1/services/${encodeURIComponent(service)}`;
}

export function instancePath(service: string, id: string): string {
  return `${servicePath(service)}/instances/${encodeURIComponent(id)}`;
}
