import { AttackSockets } from '../../abuse/attack-sockets.ts';
import { attacks } from '../../abuse/attacks.ts';
import { answerQuestions } from '../helper-process.ts';
import { benchHost } from '../proxies/proxy.ts';
import { lowerPriority } from './lower-priority.ts';

/** `start`: begins an attack, answered with 0. `stop`: ends it; answered with how many connections were opened. */
export type AttackerQuestion =
  | { readonly kind: 'start'; readonly attack: string; readonly port: number; readonly connections: number }
  | { readonly kind: 'stop' };

let sockets: AttackSockets | undefined;

// The clients that are well-behaved share the core with it: what they wait for shall be the proxy.
lowerPriority();
answerQuestions((question) => {
  const asked = question as AttackerQuestion;
  const openedCount = sockets?.openedCount ?? 0;
  sockets?.close();
  sockets = undefined;
  if (asked.kind === 'stop') return Promise.resolve(openedCount);
  const attack = attacks.find(({ name }) => name === asked.attack);
  if (attack === undefined) throw new Error(`no attack is called ${asked.attack}`);
  sockets = new AttackSockets(asked.port);
  attack.start({ port: asked.port, host: benchHost }, sockets, asked.connections);
  return Promise.resolve(0);
});
