import type { Clock, Timer } from '@heddle/shared/time/clock';
import type { NetworkRbac } from '../../../config/model/network-filter.ts';
import { describeStats, type StatsOf } from '../../../stats/describe-stats.ts';
import type { StatsScope } from '../../../stats/stats.ts';
import { directRemoteAddressOf } from '../../../transport/connection-origin.ts';
import type { FilterStatus, NetworkFilter, NetworkFilterCallbacks } from '../network-filter.ts';
import { detailsOfDenial, RbacEngine, type RbacDecision, type RbacSubject } from '../rbac-engine.ts';

export const rbacStats = describeStats(['<stat_prefix>.rbac.'], (make) => ({
  allowed: make.counter('allowed', 'Connections, or reads of them, that the rules allowed.'),
  denied: make.counter('denied', 'Connections that the rules denied.'),
}));

export const shadowRbacStats = describeStats(
  ['<stat_prefix>.rbac.', '<stat_prefix>.rbac.<shadow_rules_stat_prefix>.'],
  (make) => ({
    allowed: make.counter(
      'shadow_allowed',
      'Connections, or reads of them, that the shadow rules would allow.',
    ),
    denied: make.counter('shadow_denied', 'Connections, or reads of them, that the shadow rules would deny.'),
  }),
);

/** `<stat_prefix>.rbac.` */
export function rbacScopeOf({ statPrefix }: Pick<NetworkRbac, 'statPrefix'>): string {
  return `${statPrefix}.rbac.`;
}

/** Envoy's network filter `rbac` of one filter chain. @throws InvalidInputError for a regex that RE2 refuses */
export function createRbacFilter(config: NetworkRbac, clock: Clock, root: StatsScope): () => NetworkFilter {
  const { rules, shadowRules, shadowRulesStatPrefix: shadowPrefix } = config;
  const scopeName = rbacScopeOf(config);
  const access: Access = {
    config,
    clock,
    engine: rules === undefined ? undefined : new RbacEngine(rules),
    shadowEngine: shadowRules === undefined ? undefined : new RbacEngine(shadowRules),
    stats: rbacStats.create(root.scope(scopeName)),
    shadowStats: shadowRbacStats.create(
      root.scope(shadowPrefix === '' ? scopeName : `${scopeName}${shadowPrefix}.`),
    ),
  };
  return () => new RbacFilter(access);
}

interface Access {
  readonly config: NetworkRbac;
  readonly clock: Clock;
  readonly engine: RbacEngine | undefined;
  readonly shadowEngine: RbacEngine | undefined;
  readonly stats: StatsOf<typeof rbacStats>;
  readonly shadowStats: StatsOf<typeof shadowRbacStats>;
}

/** Asks when the client has sent something, so that what is denied may have reached an upstream as a connection. */
class RbacFilter implements NetworkFilter {
  readonly #access: Access;
  #callbacks: NetworkFilterCallbacks | undefined;
  #state: 'unknown' | 'allowed' | 'denied' = 'unknown';
  #delay: Timer | undefined;

  constructor(access: Access) {
    this.#access = access;
  }

  setCallbacks(callbacks: NetworkFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  onData(): FilterStatus {
    if (this.#state === 'denied') return 'stop-iteration';
    if (this.#state === 'allowed' && !this.#access.config.isContinuous) return 'continue';
    if (this.#callbacks === undefined || this.#isAllowed(this.#callbacks)) {
      this.#state = 'allowed';
      return 'continue';
    }
    this.#state = 'denied';
    const { clock, config } = this.#access;
    const { connection } = this.#callbacks;
    if (config.delayDenyMs > 0) {
      connection.readDisable(true);
      this.#delay = clock.setTimer(config.delayDenyMs, () => connection.close('abort'));
    } else connection.close('abort');
    return 'stop-iteration';
  }

  onClose(): void {
    this.#delay?.cancel();
  }

  #isAllowed({ connection, info }: NetworkFilterCallbacks): boolean {
    const { engine, shadowEngine, stats, shadowStats } = this.#access;
    const subject: RbacSubject = {
      localAddress: connection.localAddress,
      directRemoteAddress: directRemoteAddressOf(connection),
      remoteAddress: connection.remoteAddress,
      requestedServerName: info.requestedServerName,
      tls: connection.tls,
    };
    if (shadowEngine !== undefined) count(shadowEngine.decide(subject), shadowStats);
    if (engine === undefined) return true;
    const decision = engine.decide(subject);
    count(decision, stats);
    if (!decision.isAllowed) info.terminationDetails = detailsOfDenial(decision);
    return decision.isAllowed;
  }
}

function count(
  { isAllowed }: RbacDecision,
  { allowed, denied }: StatsOf<typeof rbacStats> | StatsOf<typeof shadowRbacStats>,
): void {
  (isAllowed ? allowed : denied).inc();
}
