import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSubscription, setNames, updateNames, type Subscription } from './subscription.ts';

interface Step {
  readonly list?: readonly string[];
  readonly sub?: readonly string[];
  readonly unsub?: readonly string[];
  readonly wants: string;
  readonly asked?: string;
  readonly dropped?: string;
}

interface Row {
  readonly what: string;
  readonly legacy: boolean;
  readonly steps: readonly Step[];
}

function show(subscription: Subscription): string {
  return [...(subscription.isWildcard ? ['*'] : []), ...subscription.names].join(' ');
}

const rows: readonly Row[] = [
  {
    what: 'SotW: an empty first list is everything, also when it is repeated',
    legacy: true,
    steps: [
      { list: [], wants: '*' },
      { list: [], wants: '*' },
    ],
  },
  {
    what: 'SotW: an empty list after names is nothing',
    legacy: true,
    steps: [
      { list: ['a'], wants: 'a', asked: 'a' },
      { list: [], wants: '', dropped: 'a' },
    ],
  },
  {
    what: 'SotW: an empty first list of a type without the legacy form is nothing',
    legacy: false,
    steps: [{ list: [], wants: '' }],
  },
  {
    what: 'SotW: a name that was dropped and comes back is asked for again',
    legacy: false,
    steps: [
      { list: ['a', 'b'], wants: 'a b', asked: 'a b' },
      { list: ['a'], wants: 'a', dropped: 'b' },
      { list: ['a', 'b'], wants: 'a b', asked: 'b' },
      { list: ['b', 'a'], wants: 'a b' },
    ],
  },
  {
    what: 'SotW: the explicit wildcard beside names',
    legacy: true,
    steps: [
      { list: ['*', 'a'], wants: '* a', asked: 'a' },
      { list: ['*'], wants: '*' },
      { list: [], wants: '' },
    ],
  },
  {
    what: 'SotW: an empty name is none, so a list of it alone wants nothing',
    legacy: true,
    steps: [
      { list: [''], wants: '' },
      { list: ['', 'a'], wants: 'a', asked: 'a' },
      { list: [''], wants: '', dropped: 'a' },
      { list: [], wants: '' },
    ],
  },
  {
    what: 'SotW: names in place of the wildcard are asked for, and nothing else is wanted',
    legacy: true,
    steps: [
      { list: [], wants: '*' },
      { list: ['a'], wants: 'a', asked: 'a' },
    ],
  },
  {
    what: 'delta: an empty name is none, and ends the legacy wildcard',
    legacy: true,
    steps: [{ sub: [''], wants: '' }, { wants: '' }],
  },
  {
    what: 'delta: empty first lists are everything, and the first names do not end that',
    legacy: true,
    steps: [
      { wants: '*' },
      { sub: ['a'], wants: '* a', asked: 'a' },
      { wants: '* a' },
      { unsub: ['*'], wants: 'a' },
      { wants: 'a' },
    ],
  },
  {
    what: 'delta: removals alone do not end the legacy wildcard',
    legacy: true,
    steps: [{ unsub: ['x'], wants: '*' }, { wants: '*' }],
  },
  {
    what: 'delta: names first, so an empty list later changes nothing',
    legacy: true,
    steps: [{ sub: ['a'], wants: 'a', asked: 'a' }, { wants: 'a' }],
  },
  {
    what: 'delta: a name asked for again is answered again',
    legacy: false,
    steps: [
      { sub: ['a'], wants: 'a', asked: 'a' },
      { sub: ['a'], wants: 'a', asked: 'a' },
    ],
  },
  {
    what: 'delta: unknown names in the list of removals are ignored',
    legacy: false,
    steps: [
      { sub: ['a'], wants: 'a', asked: 'a' },
      { unsub: ['b'], wants: 'a' },
    ],
  },
  {
    what: 'delta: removed and added in one request is added',
    legacy: false,
    steps: [
      { sub: ['a'], wants: 'a', asked: 'a' },
      { sub: ['a'], unsub: ['a'], wants: 'a', asked: 'a' },
    ],
  },
  {
    what: 'delta: a name given up under the wildcard is answered',
    legacy: true,
    steps: [
      { sub: ['*', 'a'], wants: '* a', asked: 'a' },
      { unsub: ['a'], wants: '*', asked: 'a' },
    ],
  },
];

for (const { what, legacy, steps } of rows) {
  test(what, () => {
    let subscription = createSubscription(legacy);
    for (const [index, step] of steps.entries()) {
      const update =
        step.list === undefined
          ? updateNames(subscription, step.sub ?? [], step.unsub ?? [])
          : setNames(subscription, step.list);
      subscription = update.subscription;
      const seen = {
        wants: show(subscription),
        asked: update.asked.join(' '),
        dropped: update.dropped.join(' '),
      };
      const expected = { wants: step.wants, asked: step.asked ?? '', dropped: step.dropped ?? '' };
      assert.deepEqual(seen, expected, `step ${index}`);
    }
  });
}
