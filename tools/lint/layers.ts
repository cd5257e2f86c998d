/**
 * The import rules of ARCHITECTURE.md as data. A file belongs to the first layer whose folder holds it; it may
 * import its own layer and what `may` lists (layers, by name). Packages from npm are free, except where `npm` says so.
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
    may: ['shared', 'tests-of-shared'],
    hint: 'the registry stores documents and knows nobody; take what you need as an argument',
  },
  {
    name: 'rest',
    path: 'control-plane/src/rest',
    may: ['shared', 'tests-of-shared', 'registry'],
    hint: 'rest knows the registry; declare an interface here and let control-plane.ts hand the rest in',
  },
  {
    name: 'translate',
    path: 'control-plane/src/translate',
    may: ['shared', 'tests-of-shared'],
    hint: 'translation is pure: mesh objects in, resources out',
  },
  {
    name: 'snapshot',
    path: 'control-plane/src/snapshot',
    may: ['shared', 'tests-of-shared', 'translate', 'registry'],
    hint: 'snapshots are built from translated objects of the registry',
  },
  {
    name: 'xds',
    path: 'control-plane/src/xds',
    may: ['shared', 'tests-of-shared', 'snapshot'],
    hint: 'the xDS server sees the snapshot cache only',
  },
  {
    name: 'control-plane-root',
    path: 'control-plane',
    may: ['shared', 'tests-of-shared', 'registry', 'rest', 'translate', 'snapshot', 'xds'],
    hint: planeHint,
  },

  // Data plane: leaves first, then the two halves, then what joins them.
  { name: 'time', path: 'data-plane/src/time', may: ['shared', 'tests-of-shared'], hint: 'a leaf' },
  {
    name: 'stats',
    path: 'data-plane/src/stats',
    may: ['shared', 'tests-of-shared', 'config-contracts'],
    hint: 'a leaf',
  },
  {
    name: 'transport',
    path: 'data-plane/src/transport',
    may: ['shared', 'tests-of-shared', 'config-model', 'time'],
    hint: 'transport moves bytes and knows no protocol',
  },
  {
    name: 'codec',
    path: 'data-plane/src/codec',
    may: ['shared', 'tests-of-shared', 'config-model', 'transport', 'time'],
    hint: 'codecs turn bytes into messages and know neither half',
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
    name: 'access-log-format',
    path: 'data-plane/src/downstream/http/access-log/format',
    may: ['shared', 'tests-of-shared', 'config-model', 'codec', 'transport', 'downstream'],
    hint: 'the format compiler reads stream info only',
  },
  {
    name: 'config',
    path: 'data-plane/src/config',
    may: ['shared', 'tests-of-shared', 'config-model', 'config-contracts', 'stats', 'access-log-format'],
    hint: 'config acts on the stages through the interfaces that it declares; data-plane.ts joins them',
  },
  {
    name: 'upstream',
    path: 'data-plane/src/upstream',
    may: [
      'shared',
      'tests-of-shared',
      'config-model',
      'config-contracts',
      'codec',
      'transport',
      'time',
      'stats',
    ],
    hint: 'upstream never sees downstream; router/ joins them',
  },
  {
    name: 'downstream',
    path: 'data-plane/src/downstream',
    may: [
      'shared',
      'tests-of-shared',
      'config-model',
      'config-contracts',
      'codec',
      'transport',
      'time',
      'stats',
      'access-log-format',
    ],
    hint: 'downstream never sees upstream; router/ joins them',
  },
  {
    name: 'router',
    path: 'data-plane/src/router',
    may: [
      'shared',
      'tests-of-shared',
      'config-model',
      'config-contracts',
      'codec',
      'transport',
      'time',
      'stats',
      'downstream',
      'upstream',
      'access-log-format',
    ],
    hint: 'the router is the only bridge between the halves',
  },
  {
    name: 'admin',
    path: 'data-plane/src/admin',
    may: ['shared', 'tests-of-shared', 'config-model', 'config-contracts', 'stats', 'config'],
    hint: 'admin gets read-only views handed in',
  },
  {
    name: 'data-plane-root',
    path: 'data-plane',
    may: [
      'shared',
      'tests-of-shared',
      'config-model',
      'config-contracts',
      'config',
      'codec',
      'transport',
      'time',
      'stats',
      'downstream',
      'upstream',
      'router',
      'admin',
      'access-log-format',
    ],
    hint: planeHint,
  },

  {
    name: 'cli',
    path: 'cli',
    may: ['shared', 'tests-of-shared'],
    hint: 'the command is a REST client and starts the planes as processes',
  },
  { name: 'examples', path: 'examples', may: ['shared'], hint: 'examples stand alone' },
  {
    name: 'e2e',
    path: 'e2e',
    may: ['shared', 'tests-of-shared'],
    hint: 'end-to-end tests use the programs, not their code',
  },
];
