/**
 * The import rules of ARCHITECTURE.md as data. A file belongs to the layer with the longest path that
 * holds it; it may import its own layer and what `may` lists (layers, by name). Packages from npm are free.
 */
export interface Layer {
  readonly name: string;
  /** Folder (or file) below the root of the repository. */
  readonly path: string;
  readonly may: readonly string[];
  /** What to do instead, shown with the error. */
  readonly hint: string;
}

const planeHint = 'planes share nothing but @heddle/shared; move what both need there';

/** What everybody may use. */
const base = ['shared', 'tests-of-shared'];

/** What both halves of the request path stand on. */
const leaves = [
  ...base,
  'config-model',
  'config-contracts',
  'codec',
  'transport',
  'tls',
  'time',
  'stats',
  'lang',
];

export const layers: readonly Layer[] = [
  {
    name: 'tests-of-shared',
    path: 'shared/src/testing',
    may: ['shared'],
    hint: 'testing tools know shared only',
  },
  { name: 'shared', path: 'shared', may: ['proto', 'tests-of-shared'], hint: 'shared imports no plane' },
  { name: 'proto', path: 'proto', may: ['shared'], hint: 'the generator stands alone' },

  // Control plane, in the order of the config path.
  {
    name: 'registry',
    path: 'control-plane/src/registry',
    may: base,
    hint: 'the registry stores documents and knows nobody; take what you need as an argument',
  },
  {
    name: 'rest',
    path: 'control-plane/src/rest',
    may: [...base, 'registry'],
    hint: 'rest knows the registry; declare an interface here and let control-plane.ts hand the rest in',
  },
  {
    name: 'translate',
    path: 'control-plane/src/translate',
    may: base,
    hint: 'translation is pure: mesh objects in, resources out',
  },
  {
    name: 'snapshot',
    path: 'control-plane/src/snapshot',
    may: [...base, 'translate', 'registry'],
    hint: 'snapshots are built from translated objects of the registry',
  },
  {
    name: 'xds',
    path: 'control-plane/src/xds',
    may: [...base, 'snapshot'],
    hint: 'the xDS server sees the snapshot cache only',
  },
  {
    name: 'control-plane-root',
    path: 'control-plane',
    may: [...base, 'registry', 'rest', 'translate', 'snapshot', 'xds'],
    hint: planeHint,
  },

  // Data plane: leaves first, then the two halves, then what joins them.
  { name: 'time', path: 'data-plane/src/time', may: base, hint: 'a leaf' },
  { name: 'stats', path: 'data-plane/src/stats', may: [...base, 'config-contracts'], hint: 'a leaf' },
  { name: 'overload', path: 'data-plane/src/overload', may: [...base, 'stats'], hint: 'a leaf' },
  {
    name: 'transport',
    path: 'data-plane/src/transport',
    may: [...base, 'config-model', 'time'],
    hint: 'transport moves bytes and knows no protocol',
  },
  {
    name: 'tls',
    path: 'data-plane/src/transport/tls',
    may: [...base, 'config-model', 'transport', 'time', 'stats', 'lang'],
    hint: 'TLS is a layer over the sockets of transport and knows neither half',
  },
  {
    name: 'codec',
    path: 'data-plane/src/codec',
    may: [...base, 'config-model', 'transport', 'time'],
    hint: 'codecs turn bytes into messages and know neither half',
  },
  {
    name: 'lang',
    path: 'data-plane/src/lang',
    may: [...base, 'config-model', 'codec'],
    hint: 'matchers know values and header maps only',
  },
  {
    name: 'config-model',
    path: 'data-plane/src/config/model',
    may: ['shared'],
    hint: 'decoded values import nothing',
  },
  {
    name: 'config-contracts',
    path: 'data-plane/src/config/worker-protocol.ts',
    may: ['shared', 'config-model'],
    hint: 'messages are values',
  },
  {
    name: 'config-contracts',
    path: 'data-plane/src/config/subscription.ts',
    may: ['shared', 'config-model'],
    hint: 'an interface',
  },
  {
    name: 'config',
    path: 'data-plane/src/config',
    may: [...base, 'config-model', 'config-contracts', 'stats'],
    hint: 'config acts on the stages through the interfaces that it declares; data-plane.ts joins them',
  },
  {
    name: 'upstream',
    path: 'data-plane/src/upstream',
    may: leaves,
    hint: 'upstream never sees downstream; router/ joins them',
  },
  {
    name: 'downstream',
    path: 'data-plane/src/downstream',
    may: leaves,
    hint: 'downstream never sees upstream; router/ joins them',
  },
  {
    name: 'router',
    path: 'data-plane/src/router',
    may: [...leaves, 'downstream', 'upstream'],
    hint: 'the router is the only bridge between the halves',
  },
  {
    name: 'admin',
    path: 'data-plane/src/admin',
    may: [...base, 'config-model', 'config-contracts', 'stats'],
    hint: 'admin gets read-only views handed in',
  },
  {
    name: 'data-plane-root',
    path: 'data-plane',
    may: [...leaves, 'overload', 'config', 'downstream', 'upstream', 'router', 'admin'],
    hint: planeHint,
  },

  {
    name: 'cli',
    path: 'cli',
    may: base,
    hint: 'the command is a REST client and starts the planes as processes',
  },
  { name: 'examples', path: 'examples', may: ['shared'], hint: 'examples stand alone' },
  {
    name: 'e2e',
    path: 'e2e',
    may: base,
    hint: 'end-to-end tests use the programs, not their code',
  },
];
