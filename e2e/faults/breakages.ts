export interface Breakage {
  /** Below data-plane/src. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Ways in which a sidecar could be broken, as replacements in its source. */
export const breakages = {
  /** A changed cluster serves before its endpoints and health checks are there. */
  'swap-before-warm': {
    file: 'upstream/cluster.ts',
    from: '    this.#discovery.start(this);\n',
    to: '    this.#events.onWarm();\n    setTimeout(() => this.#discovery.start(this), 20);\n',
  },
  /** A listener that takes an address over opens a socket of its own instead of using the open one. */
  'drop-old-socket': {
    file: 'downstream/listener/worker-listeners.ts',
    from: '    if (taken !== undefined) {\n',
    to:
      '    if (taken !== undefined) {\n' +
      '      this.#closeNow(key, taken);\n' +
      '      await new Promise((resolve) => setTimeout(resolve, 200));\n' +
      '    }\n' +
      '    if (taken !== undefined && this.#addresses.get(key) === taken) {\n',
  },
  /** One worker hears of no change any more once it has served for a while. */
  'forget-one-worker': {
    file: 'config/active-config.ts',
    from: 'for (const worker of workers.keys()) options.send(worker, message);',
    to: 'for (const worker of workers.keys()) if (worker !== 1 || generation < 12) options.send(worker, message);',
  },
} as const satisfies Readonly<Record<string, Breakage>>;

export type BreakageName = keyof typeof breakages;

const routesApplied = '    routes.apply(update.routeTables);\n';

/** What a worker keeps of every update, although it serves as it should: only an hour, or a soak, would tell. */
const leakOf = (statement: string): Breakage => ({
  file: 'worker.ts',
  from: routesApplied,
  to: `${routesApplied}    ${statement}\n`,
});
const timer = 'wheel.setTimer(3_600_000, () => undefined);';
const descriptor = "process.getBuiltinModule('node:fs').openSync('/dev/null');";
const listeningSocket = "process.getBuiltinModule('node:net').createServer().listen(0, '127.0.0.1').unref();";
const memory = '(globalThis.leaked ??= []).push(Buffer.alloc(100_000, 1));';
const statistic = 'store.root.counter(`leaked.${update.generation}`);';

export const leaks = {
  'leak-timers': leakOf(timer),
  'leak-descriptors': leakOf(descriptor),
  'leak-listening-sockets': leakOf(listeningSocket),
  'leak-memory': leakOf(memory),
  'leak-statistics': leakOf(statistic),
  'leak-everything': leakOf([timer, descriptor, listeningSocket, memory, statistic].join(' ')),
} as const satisfies Readonly<Record<string, Breakage>>;

export const allBreakages: Readonly<Record<string, Breakage>> = { ...breakages, ...leaks };
