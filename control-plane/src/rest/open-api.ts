/** Head of the OpenAPI document at /docs/json; its paths come from the schemas of the routes. */
export function openApiHead(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Heddle',
      version,
      description:
        'Registers services and their instances, and changes routes and policies of the mesh. Errors are ' +
        'problem+json (RFC 9457) with a JSON pointer for each problem.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [
      { name: 'services', description: 'Names that clients call.' },
      { name: 'instances', description: 'Who serves them.' },
      { name: 'routes', description: 'Which request goes where.' },
      { name: 'policies', description: 'How proxies treat the instances of a service.' },
      {
        name: 'secrets',
        description: 'Certificates and trusted authorities for mutual TLS between proxies.',
      },
      { name: 'apply', description: 'Several changes at once.' },
      { name: 'proxies', description: 'What each proxy has.' },
      { name: 'health', description: 'The control plane itself.' },
    ],
  };
}
