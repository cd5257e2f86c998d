import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cluster, type Json } from '../statistics/bootstrap-parts.ts';
import { startSubject, subjects } from '../tcp/subject.ts';
import { udpAction, UdpClient, udpInput, udpListener, UdpServer } from './udp-parts.ts';

const sourceIp = udpInput('SourceIPInput');
/** Leads nowhere: nobody listens on port 1. */
const astray: Json = {
  matcher: {
    matcher_tree: {
      input: udpInput('DestinationPortInput'),
      exact_match_map: { map: { 1: udpAction('b') } },
    },
  },
};
const source = (valueMatch: Json): Json => ({
  single_predicate: { input: sourceIp, value_match: valueMatch },
});

const matchers: Readonly<Record<string, Json>> = {
  exact: {
    matcher_tree: {
      input: sourceIp,
      exact_match_map: { map: { '127.0.0.2': udpAction('a'), '127.0.0.3': astray } },
    },
    on_no_match: udpAction('c'),
  },
  prefix: {
    matcher_tree: {
      input: sourceIp,
      prefix_match_map: {
        map: { '127.0.0.': udpAction('a'), '127.0.0.2': udpAction('b'), '127.0.0.3': astray },
      },
    },
    on_no_match: udpAction('c'),
  },
  list: {
    matcher_list: {
      matchers: [
        { predicate: source({ suffix: '.3' }), on_match: astray },
        {
          predicate: {
            and_matcher: {
              predicate: [
                {
                  single_predicate: {
                    input: udpInput('DestinationIPInput'),
                    value_match: { exact: '127.0.0.1' },
                  },
                },
                { not_matcher: source({ exact: '127.0.0.1' }) },
              ],
            },
          },
          on_match: udpAction('a'),
        },
        {
          predicate: {
            or_matcher: {
              predicate: [
                source({ contains: 'x' }),
                source({ safe_regex: { google_re2: {}, regex: '127.*' } }),
              ],
            },
          },
          on_match: udpAction('b'),
        },
      ],
    },
  },
};

const expected = {
  exact: { '127.0.0.1': 'c', '127.0.0.2': 'a', '127.0.0.3': 'c', '127.0.0.21': 'c' },
  prefix: { '127.0.0.1': 'a', '127.0.0.2': 'b', '127.0.0.3': 'a', '127.0.0.21': 'b' },
  list: { '127.0.0.1': 'b', '127.0.0.2': 'a', '127.0.0.3': 'a', '127.0.0.21': 'a' },
};

for (const subject of subjects) {
  test(`${subject.name}: a matcher chooses the cluster`, { skip: subject.skip }, async (t) => {
    const names = ['a', 'b', 'c'];
    const servers = await Promise.all(names.map((name) => UdpServer.start(() => name)));
    const clients: UdpClient[] = [];
    t.after(() => {
      for (const socket of [...servers, ...clients]) socket.close();
    });
    const proxy = await startSubject(subject, (_logPath, portOf) => ({
      listeners: Object.fromEntries(
        Object.entries(matchers).map(([name, matcher]) => [
          name,
          udpListener(portOf(name), { stat_prefix: name, matcher }),
        ]),
      ),
      clusters: names.map((name, index) => cluster(name, [servers[index]?.port ?? 0])),
    }));
    t.after(() => proxy.stop());
    const chosen: Record<string, Record<string, string>> = {};
    for (const [name, sources] of Object.entries(expected)) {
      chosen[name] = {};
      for (const from of Object.keys(sources)) {
        const client = await UdpClient.open(proxy.portOf(name), from);
        clients.push(client);
        chosen[name][from] = await client.ask('x');
      }
    }
    assert.deepEqual(chosen, expected);
  });
}
