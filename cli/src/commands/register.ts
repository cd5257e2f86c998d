import { Option, type Command } from 'commander';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { InstanceHealth, InstanceSpec } from '@heddle/shared/model/instance';
import { parseMeshObject } from '@heddle/shared/model/parse-object';
import { sleep } from '@heddle/shared/time/clock';
import type { CliContext } from '../context.ts';
import { instancePath } from '../client/object-path.ts';
import { createRestClient, RefusedError, type RestClient } from '../client/rest-client.ts';
import { stayAwake } from './stay-awake.ts';
import { collectPair, examples, serverOption, wholeNumber, type ServerOptions } from './options.ts';
import { waitIfAsked, waitOption, type WaitOptions } from './wait-option.ts';

interface RegisterOptions extends ServerOptions, WaitOptions {
  readonly address: string;
  readonly port: number;
  readonly weight?: number;
  /** `--version` is the program's, so the option has another name. */
  readonly subset?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly zone?: string;
  readonly health?: InstanceHealth;
  readonly ttl?: number;
  readonly keepAlive?: true;
}

const keepAliveTtlSeconds = 15;

export function addRegisterCommand(program: Command, context: CliContext): void {
  program
    .command('register')
    .description('register an instance of a service, or change it')
    .argument('<service>', 'a service that exists')
    .argument('<id>', 'id of the instance, unique in its service')
    .requiredOption('-p, --port <number>', 'port on which it is reached', wholeNumber(1, 65_535))
    .option('-a, --address <ip>', 'address on which it is reached', '127.0.0.1')
    .option('--subset <version>', 'its version; routes can name it')
    .option('--weight <number>', 'share of the load, 1 unless given', wholeNumber(1, 10_000))
    .option('--metadata <name=value>', 'a label; may be given several times', collectPair)
    .option('--region <name>', 'where it runs')
    .option('--zone <name>', 'where in the region it runs')
    .addOption(
      new Option('--health <word>', 'what is known of its health').choices([
        'unknown',
        'healthy',
        'unhealthy',
        'draining',
        'degraded',
        'timeout',
      ]),
    )
    .option('--ttl <seconds>', 'lease: without a renewal for so long it is removed', wholeNumber(1, 86_400))
    .option(
      '--keep-alive',
      `stay and renew the lease (${keepAliveTtlSeconds} s unless --ttl); Ctrl-C deregisters`,
    )
    .addOption(waitOption('every connected proxy has the instance'))
    .addOption(serverOption(context))
    .addHelpText(
      'after',
      examples(
        'heddle register cart cart-1 --port 8080',
        'heddle register cart cart-2 --address 10.0.0.7 --port 8080 --subset v2 --zone a',
        'heddle register cart cart-3 --port 8080 --keep-alive',
        'heddle register cart cart-4 --port 8080 --wait',
      ),
    )
    .action(async (service: string, id: string, options: RegisterOptions) => {
      const client = createRestClient(options.server);
      const spec = toSpec(options);
      await put(client, service, id, spec);
      context.terminal.write(`instance ${service}/${id} registered`);
      await waitIfAsked(context, client, options);
      if (options.keepAlive === true) await keepAlive(context, client, service, id, spec);
    });
}

function toSpec(options: RegisterOptions): InstanceSpec {
  const { address, port, weight, subset, metadata, region, zone, health } = options;
  const ttlSeconds = options.ttl ?? (options.keepAlive === true ? keepAliveTtlSeconds : undefined);
  return {
    address,
    port,
    ...(weight === undefined ? {} : { weight }),
    ...(subset === undefined ? {} : { version: subset }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(region === undefined && zone === undefined
      ? {}
      : {
          locality: { ...(region === undefined ? {} : { region }), ...(zone === undefined ? {} : { zone }) },
        }),
    ...(health === undefined ? {} : { health }),
    ...(ttlSeconds === undefined ? {} : { lease: { ttlSeconds } }),
  };
}

async function put(client: RestClient, service: string, id: string, spec: InstanceSpec): Promise<void> {
  const instance = parseMeshObject({ kind: 'Instance', metadata: { name: id, service }, spec });
  await client.send({ method: 'PUT', path: instancePath(service, id), body: instance });
}

/** Renews at a third of the time to live, through every trouble, until Ctrl-C. */
async function keepAlive(
  { clock, terminal }: CliContext,
  client: RestClient,
  service: string,
  id: string,
  spec: InstanceSpec,
): Promise<void> {
  const everyMs = Math.floor(((spec.lease?.ttlSeconds ?? keepAliveTtlSeconds) * 1000) / 3);
  const path = instancePath(service, id);
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  using _interrupt = terminal.onInterrupt(() => end());
  using _awake = stayAwake();
  let isTroubled = false;
  let renewedAtMs = clock.monotonicMs();

  /** 404 within the time to live: somebody deleted it, and registering it again would undo that. */
  async function renewOrReturn(sentAtMs: number): Promise<void> {
    try {
      await client.send({ method: 'POST', path: `${path}/renew`, timeoutMs: everyMs });
    } catch (thrown) {
      const isGone = thrown instanceof RefusedError && thrown.status === 404;
      if (!isGone || sentAtMs - renewedAtMs < 3 * everyMs) throw thrown;
      await put(client, service, id, spec);
    }
  }

  for (;;) {
    const isOver = await Promise.race([ended.then(() => true), sleep(clock, everyMs)]);
    if (isOver === true) break;
    try {
      const sentAtMs = clock.monotonicMs();
      await renewOrReturn(sentAtMs);
      renewedAtMs = sentAtMs;
      if (isTroubled) terminal.note(`instance ${service}/${id}: the lease is renewed again`);
      isTroubled = false;
    } catch (thrown) {
      if (thrown instanceof RefusedError && thrown.status === 404) throw thrown;
      if (!isTroubled)
        terminal.note(`instance ${service}/${id}: the lease is not renewed: ${messageOf(thrown)}`);
      isTroubled = true;
    }
  }
  await client.send({ method: 'DELETE', path });
  terminal.write(`instance ${service}/${id} deregistered`);
}
