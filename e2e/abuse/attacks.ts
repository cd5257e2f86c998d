import type { Attack } from './attack.ts';
import { hugeHeads, manyFields, tinyChunksDown, tinyChunksUp } from './attacks/costly-messages.ts';
import {
  continuationFlood,
  emptyContinuationFlood,
  emptyDataFlood,
  pingFlood,
  priorityFlood,
  rapidReset,
  requestFlood,
  settingsFlood,
  streamIdExhaustion,
  windowUpdateFlood,
} from './attacks/http2-floods.ts';
import { hpackBomb, largeLists, manyFieldsInList } from './attacks/http2-header-lists.ts';
import { neverReading, stalledBesideOthers, tinyWindows, zeroWindows } from './attacks/http2-windows.ts';
import { pipeliningLarge, pipeliningSmall, stalledClients, stalledUpstream } from './attacks/no-readers.ts';
import { idle, slowBodies, slowHeads, slowReaders } from './attacks/slow-clients.ts';
import { halfCloses, resets, upgrades } from './attacks/storms.ts';

/** In the order in which they run. */
export const attacks: readonly Attack[] = [
  slowHeads,
  slowBodies,
  slowReaders,
  idle,
  pipeliningSmall,
  pipeliningLarge,
  stalledClients,
  stalledUpstream,
  tinyChunksUp,
  tinyChunksDown,
  hugeHeads,
  manyFields,
  resets,
  upgrades,
  halfCloses,
  rapidReset,
  requestFlood,
  continuationFlood,
  emptyContinuationFlood,
  settingsFlood,
  pingFlood,
  priorityFlood,
  windowUpdateFlood,
  emptyDataFlood,
  streamIdExhaustion,
  hpackBomb,
  largeLists,
  manyFieldsInList,
  zeroWindows,
  tinyWindows,
  stalledBesideOthers,
  neverReading,
];
