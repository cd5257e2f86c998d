/** What a timer calls. One object may own several timers and tells them apart by identity. */
export interface TimerTarget {
  onTimer(timer: WheelTimer): void;
}

/**
 * A timer that its owner keeps as a field and sets as often as it likes: it is itself the link of the slot's list,
 * so neither setting nor cancelling allocates.
 */
export class WheelTimer {
  readonly target: TimerTarget;
  next: WheelTimer | undefined = undefined;
  previous: WheelTimer | undefined = undefined;
  ring: TimerRing | undefined = undefined;
  dueTick = 0;

  constructor(target: TimerTarget) {
    this.target = target;
  }

  get isSet(): boolean {
    return this.ring !== undefined;
  }

  unlink(): void {
    if (this.ring === undefined) return;
    this.ring.size--;
    this.ring = undefined;
    detach(this);
  }
}

const noTarget: TimerTarget = { onTimer: () => undefined };

/**
 * A ring of slots, each a doubly linked list behind a sentinel. A timer further away than one turn stays in its
 * slot and is passed over. Times are milliseconds since the wheel's origin.
 */
export class TimerRing {
  size = 0;
  readonly #tickMs: number;
  readonly #slots: (WheelTimer | undefined)[];
  readonly #mask: number;
  /** What is due now; not empty between calls only if a callback threw. */
  readonly #due = createSentinel();
  /** Every tick up to this one has run. */
  #doneTick = 0;

  /** `slotCount` is a power of two. */
  constructor(tickMs: number, slotCount: number) {
    this.#tickMs = tickMs;
    this.#slots = new Array<WheelTimer | undefined>(slotCount).fill(undefined);
    this.#mask = slotCount - 1;
  }

  /** Returns when the timer is due. */
  add(timer: WheelTimer, elapsedMs: number, delayMs: number): number {
    // An empty ring has nothing to catch up with: it need not walk through the time it slept.
    if (this.size === 0) this.#doneTick = Math.max(this.#doneTick, Math.floor(elapsedMs / this.#tickMs));
    const dueTick = Math.max(this.#doneTick + 1, Math.ceil((elapsedMs + delayMs) / this.#tickMs));
    timer.dueTick = dueTick;
    timer.ring = this;
    append((this.#slots[dueTick & this.#mask] ??= createSentinel()), timer);
    this.size++;
    return dueTick * this.#tickMs;
  }

  /** Runs what is due. A timer that is set meanwhile runs in a later call. */
  expire(elapsedMs: number): void {
    const lastTick = Math.floor(elapsedMs / this.#tickMs);
    this.#runDue();
    while (this.#doneTick < lastTick && this.size > 0) {
      // After a long sleep one turn visits every slot; more would visit them again.
      if (lastTick - this.#doneTick > this.#mask + 1) this.#doneTick = lastTick - this.#mask - 1;
      this.#doneTick++;
      const head = this.#slots[this.#doneTick & this.#mask];
      if (head !== undefined) this.#expireSlot(head, lastTick);
    }
    this.#doneTick = Math.max(this.#doneTick, lastTick);
  }

  /** When the first slot that holds a timer comes round (it may hold later ones only); Infinity when empty. */
  nextDueAtMs(): number {
    if (this.size === 0) return Infinity;
    if (this.#due.next !== this.#due) return this.#doneTick * this.#tickMs;
    for (let tick = this.#doneTick + 1; tick <= this.#doneTick + this.#mask + 1; tick++) {
      const head = this.#slots[tick & this.#mask];
      if (head !== undefined && head.next !== head) return tick * this.#tickMs;
    }
    return Infinity;
  }

  /** Callbacks may set and cancel any timer, so what is due first moves to a list of its own. */
  #expireSlot(head: WheelTimer, lastTick: number): void {
    let timer = head.next;
    while (timer !== undefined && timer !== head) {
      const next = timer.next;
      if (timer.dueTick <= lastTick) {
        detach(timer);
        append(this.#due, timer);
      }
      timer = next;
    }
    this.#runDue();
  }

  #runDue(): void {
    const due = this.#due;
    for (let timer = due.next; timer !== undefined && timer !== due; timer = due.next) {
      timer.unlink();
      timer.target.onTimer(timer);
    }
  }
}

function append(head: WheelTimer, timer: WheelTimer): void {
  const last = head.previous ?? head;
  timer.previous = last;
  timer.next = head;
  last.next = timer;
  head.previous = timer;
}

function detach(timer: WheelTimer): void {
  if (timer.previous !== undefined) timer.previous.next = timer.next;
  if (timer.next !== undefined) timer.next.previous = timer.previous;
  timer.next = undefined;
  timer.previous = undefined;
}

function createSentinel(): WheelTimer {
  const sentinel = new WheelTimer(noTarget);
  sentinel.next = sentinel;
  sentinel.previous = sentinel;
  return sentinel;
}
