import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { ResourceMonitor } from './resource-monitor.ts';

/**
 * File descriptors of the process. The system gives out the lowest that is free, so a new one with a high number says
 * that all below it are taken: no counting is needed to see the end come.
 *
 * An eighth of them, 8 to 1,024, is kept for the upstream connections, logs and look-ups that the open connections
 * need. Half as many more must be free before new connections come again, or each one that ends would let one in.
 */
export class DescriptorMonitor implements ResourceMonitor {
  readonly name = 'descriptors';
  readonly #system: DescriptorSystem;
  #limit = Infinity;
  #reserve = 0;
  #last = 0;

  constructor(system: DescriptorSystem = linuxDescriptors) {
    this.#system = system;
    this.#readLimit();
  }

  isExhausted(): boolean {
    this.#readLimit();
    return this.#limit < Infinity && this.isLast(this.#system.lowestFree());
  }

  /** Whether a descriptor that was just given out is one of those that are kept back. */
  isLast(descriptor: number): boolean {
    this.#last = descriptor;
    return descriptor >= this.#limit - this.#reserve;
  }

  isRelieved(): boolean {
    this.#readLimit();
    this.#last = this.#system.openCount();
    return this.#last <= this.#limit - this.#reserve * 1.5;
  }

  describe(): string {
    return `${this.#last} of ${this.#limit} file descriptors are open`;
  }

  #readLimit(): void {
    const limit = this.#system.limit();
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#reserve = Math.min(1024, Math.max(8, Math.floor(limit / 8)));
  }
}

export interface DescriptorSystem {
  /** May change while we run; Infinity where it is not known. */
  limit(): number;
  /** The descriptor that would be given out next. */
  lowestFree(): number;
  openCount(): number;
}

const softLimitPattern = /^Max open files\s+(\d+)/m;

export const linuxDescriptors: DescriptorSystem = {
  limit() {
    try {
      return Number(softLimitPattern.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity);
    } catch (error) {
      // None left to read it with; anything else means that there is no /proc.
      return isOutOfDescriptors(error) ? 0 : Infinity;
    }
  },
  lowestFree() {
    try {
      const fd = openSync('/dev/null', 'r');
      closeSync(fd);
      return fd;
    } catch {
      return Infinity;
    }
  },
  openCount() {
    try {
      return readdirSync('/proc/self/fd').length;
    } catch {
      return Infinity;
    }
  },
};

function isOutOfDescriptors(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}
