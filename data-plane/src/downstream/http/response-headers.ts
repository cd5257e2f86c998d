import type { Clock } from '@heddle/shared/time/clock';
import type { HeaderMap } from '../../codec/header-map.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import { appendVia } from './request-headers.ts';

/** The `date` of answers: a text that is made once a second. */
export class DateText {
  readonly #clock: Clock;
  #second = -1;
  #text = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): string {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}

const hopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
]);

/** What every answer carries, and what belongs to the upstream's hop only. `isLocal`: it was made here. */
export function finishResponseHeaders(
  headers: HeaderMap,
  config: HttpConnectionManager,
  date: DateText,
  isLocal: boolean,
  isUpgrade: boolean,
): void {
  let hasDate = false;
  let serverIndex = -1;
  for (let index = 0; index < headers.size;) {
    const name = headers.nameAt(index);
    if (!isUpgrade && hopHeaders.has(name)) {
      headers.remove(name);
      continue;
    }
    if (name === 'date') hasDate = true;
    else if (name === 'server') serverIndex = index;
    index++;
  }
  if (!hasDate) headers.addUnchecked('date', date.current);
  switch (config.serverHeaderTransformation) {
    case 'overwrite':
      if (serverIndex < 0) headers.add('server', config.serverName);
      else headers.set('server', config.serverName);
      break;
    case 'append-if-absent':
      if (serverIndex < 0) headers.add('server', config.serverName);
      break;
    case 'pass-through':
      if (isLocal && serverIndex >= 0) headers.remove('server');
      break;
  }
  if (config.via !== '') appendVia(headers, config.via);
}
