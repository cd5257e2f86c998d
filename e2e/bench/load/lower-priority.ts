import { existsSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const niceness = 10;
/** Where the kernel shares a core among sessions first, niceness counts within one only, and each program here has its own. */
const sessionFile = '/proc/self/autogroup';

/** Has this program wait for whoever else wants its core: the load of attackers is not what is measured. */
export function lowerPriority(): void {
  setPriority(niceness);
  if (existsSync(sessionFile)) writeFileSync(sessionFile, String(niceness));
}
