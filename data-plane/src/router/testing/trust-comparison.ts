/** Of `envoy-comparison.ts`: who counts as internal, and what that is allowed to ask for. */
const routes = [{ match: { prefix: '/' }, route: { cluster: 'c' } }];

const routeConfig: object = {
  internal_only_headers: ['x-inside'],
  virtual_hosts: [
    { name: 'external', domains: ['tls.test'], require_tls: 'EXTERNAL_ONLY', routes },
    { name: 'main', domains: ['*'], routes },
  ],
};

export const trustManagers = {
  inside: {
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
    routeConfig,
  },
  behind: {
    internal_address_config: {
      cidr_ranges: [
        { address_prefix: '10.0.0.0', prefix_len: 8 },
        { address_prefix: 'fd00::', prefix_len: 8 },
      ],
    },
    routeConfig,
  },
};

/** From one address, from several, from none. */
const sources = [
  '',
  ...[
    '10.1.2.3',
    '10.1.2.3, 10.4.5.6',
    '11.1.2.3',
    'fd00::1',
    'none',
    '10.1.2.3\nx-forwarded-for: 10.4.5.6',
  ].map((address) => `x-forwarded-for: ${address}\n`),
];

export const trustRequests: readonly string[] = sources.flatMap((source) => [
  `GET / HTTP/1.1\nhost: a.test\n${source}x-inside: 1\nx-envoy-internal: false\nx-envoy-upstream-rq-timeout-ms: 9000`,
  `GET / HTTP/1.1\nhost: a.test\n${source}x-request-id: mine\nx-envoy-decorator-operation: o\nx-envoy-external-address: 9.9.9.9`,
  `GET / HTTP/1.1\nhost: tls.test\n${source}x-kept: 1`,
]);
