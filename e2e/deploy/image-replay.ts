import { execFile } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { readDockerIgnore, type DockerIgnore } from './docker-ignore.ts';
import { execForm, parseDockerfile, type Instruction, type Stage } from './dockerfile.ts';

/** What a stage came to: its files below `root`, and what the image would say of itself. */
export interface ReplayedStage {
  readonly name: string;
  /** Folder that stands for `/` of the image, without what the base image brings. */
  readonly root: string;
  /** Absolute path inside the image. */
  workdir: string;
  readonly environment: Record<string, string>;
  user: string;
  entrypoint: readonly string[];
  command: readonly string[];
  healthCheck: readonly string[] | undefined;
}

/**
 * Does in empty folders what a builder does in containers: COPY from the build context (as `.dockerignore` leaves it)
 * and from earlier stages, ENV, WORKDIR, and RUN with the Node that runs us. Absolute paths of RUN and COPY are those
 * of the stage. Anything else that could matter is refused. Stages that need nothing of one another run in parallel.
 */
export async function replayDockerfile(options: {
  readonly file: string;
  readonly context: string;
  readonly folder: string;
}): Promise<Map<string, ReplayedStage>> {
  const stages = parseDockerfile(readFileSync(options.file, 'utf8'));
  const isIgnored = readDockerIgnore(options.context);
  // In the base image Node stands on the PATH as the machine's own.
  const binFolder = path.join(options.folder, '.bin');
  mkdirSync(binFolder, { recursive: true });
  symlinkSync(process.execPath, path.join(binFolder, 'node'));
  const running = new Map<string, Promise<ReplayedStage>>();
  for (const stage of stages) {
    const wanted = [
      stage.from,
      ...stage.instructions.flatMap((instruction) => stageOfCopy(instruction) ?? []),
    ];
    const needed = wanted.flatMap((name) => running.get(name) ?? []);
    const replay = async (): Promise<ReplayedStage> => {
      const done = new Map((await Promise.all(needed)).map((one) => [one.name, one]));
      return replayStage(stage, { ...options, binFolder, isIgnored, done });
    };
    running.set(stage.name, replay());
  }
  const replayed = await Promise.all(running.values());
  return new Map(replayed.map((stage) => [stage.name, stage]));
}

interface Surroundings {
  readonly context: string;
  readonly folder: string;
  readonly binFolder: string;
  readonly isIgnored: DockerIgnore;
  readonly done: ReadonlyMap<string, ReplayedStage>;
}

async function replayStage(stage: Stage, surroundings: Surroundings): Promise<ReplayedStage> {
  const base = surroundings.done.get(stage.from);
  if (base === undefined && !/^node:24[.\d]*-slim$/.test(stage.from)) {
    throw new Error(`${stage.name}: the base image ${stage.from} cannot be replayed`);
  }
  const root = path.join(surroundings.folder, stage.name);
  mkdirSync(root, { recursive: true });
  if (base !== undefined) await link(`${base.root}/.`, root);
  const result: ReplayedStage = {
    name: stage.name,
    root,
    workdir: base?.workdir ?? '/',
    environment: { ...base?.environment },
    user: base?.user ?? 'root',
    entrypoint: [],
    command: [],
    healthCheck: undefined,
  };
  for (const instruction of stage.instructions) await replayInstruction(instruction, result, surroundings);
  return result;
}

async function replayInstruction(
  { name, text }: Instruction,
  stage: ReplayedStage,
  surroundings: Surroundings,
): Promise<void> {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = path.posix.resolve(stage.workdir, text);
      mkdirSync(path.join(stage.root, stage.workdir), { recursive: true });
      return;
    case 'ENV': {
      const at = text.indexOf('=');
      stage.environment[text.slice(0, at)] = text.slice(at + 1);
      return;
    }
    case 'COPY':
      await copy(text, stage, surroundings);
      return;
    case 'RUN':
      await run(text, stage, surroundings.binFolder);
      return;
    case 'USER':
      stage.user = text;
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = execForm(text);
      return;
    case 'CMD':
      stage.command = execForm(text);
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = execForm(text);
      return;
    case 'EXPOSE':
    case 'VOLUME':
      return;
    default:
      throw new Error(`${stage.name}: ${name} cannot be replayed`);
  }
}

function stageOfCopy({ name, text }: Instruction): string | undefined {
  return name === 'COPY' ? /^--from=(\S+) /.exec(text)?.[1] : undefined;
}

/** As COPY: a folder gives its contents, a destination that ends in `/` or takes several sources is a folder. */
async function copy(
  text: string,
  stage: ReplayedStage,
  { context, isIgnored, done }: Surroundings,
): Promise<void> {
  const from = /^--from=(\S+) /.exec(text)?.[1];
  const words = text.split(/\s+/).slice(from === undefined ? 0 : 1);
  if (words.some((word) => word.startsWith('--')))
    throw new Error(`${stage.name}: COPY ${text}: unknown flag`);
  const target = words.pop() ?? '';
  const destination = path.join(stage.root, path.posix.resolve(stage.workdir, target));
  const isFolder = target.endsWith('/') || words.length > 1;
  const sourceRoot = from === undefined ? context : (done.get(from)?.root ?? '');
  const isKept = (file: string): boolean =>
    statSync(file).isDirectory() || !isIgnored(path.relative(context, file).replaceAll(path.sep, '/'));
  for (const word of words) {
    const source = path.join(sourceRoot, word);
    if (!existsSync(source)) throw new Error(`${stage.name}: COPY ${text}: there is no ${word}`);
    const isWholeFolder = statSync(source).isDirectory();
    if (from !== undefined) {
      mkdirSync(destination, { recursive: true });
      await link(isWholeFolder ? `${source}/.` : source, destination);
    } else if (isWholeFolder) {
      const files = globSync('**', { cwd: source }).map((file) => path.join(source, file));
      if (!files.some((file) => statSync(file).isFile() && isKept(file)))
        throw new Error(`${stage.name}: COPY ${text}: .dockerignore leaves nothing of ${word}`);
      cpSync(source, destination, { recursive: true, filter: isKept });
    } else {
      if (!isKept(source)) throw new Error(`${stage.name}: COPY ${text}: .dockerignore keeps ${word} away`);
      cpSync(source, isFolder ? path.join(destination, path.basename(source)) : destination);
    }
  }
}

/** Hard links: what a stage takes from another is never written again. */
async function link(source: string, destination: string): Promise<void> {
  await promisify(execFile)('cp', ['-al', source, destination]);
}

async function run(text: string, stage: ReplayedStage, binFolder: string): Promise<void> {
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const command = text
    .replaceAll(/(?<=^|\s)\/(?=[a-z])/g, `${stage.root}/`)
    // The base image's user, which the machine may not have.
    .replaceAll('node:node', owner);
  const environment = {
    ...process.env,
    ...stage.environment,
    PATH: `${binFolder}:${process.env['PATH'] ?? ''}`,
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
  };
  try {
    await promisify(execFile)('sh', ['-ec', command], {
      cwd: path.join(stage.root, stage.workdir),
      env: environment,
    });
  } catch (error) {
    throw new Error(`${stage.name}: RUN ${text}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
