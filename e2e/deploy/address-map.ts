import { findFreePorts } from '@heddle/shared/testing/free-port';
import { parseAllDocuments } from 'yaml';

/**
 * Every container has a network of its own; the processes that stand for them share one machine. Each port of each
 * network becomes a free port of 127.0.0.1, wherever it is named: `host:port` in a text, an address in a document.
 */
export interface AddressMap {
  portOf(network: string, port: number): number;
  /** `host:port` in the text; the loopback and the wildcard address are those of `network`. */
  rewriteText(network: string, text: string): string;
  /** Words of a command line: as texts, and numbers that stand behind a flag for a port. */
  rewriteWords(network: string, words: readonly string[]): string[];
  /** YAML documents: addresses with their ports, and keys like `outboundPort`. */
  rewriteDocuments(network: string, text: string): string;
}

/** `networks`: every name and address under which a network is reached → the network. */
export async function createAddressMap(networks: ReadonlyMap<string, string>): Promise<AddressMap> {
  const free = await findFreePorts(64);
  const ports = new Map<string, number>();
  const own = ['127.0.0.1', '0.0.0.0', 'localhost'];
  const networkOf = (host: string, network: string): string | undefined =>
    own.includes(host) ? network : networks.get(host);

  function portOf(network: string, port: number): number {
    const key = `${network}:${port}`;
    const known = ports.get(key);
    if (known !== undefined) return known;
    const chosen = free.pop();
    if (chosen === undefined) throw new Error('more ports than were foreseen');
    ports.set(key, chosen);
    return chosen;
  }

  function rewriteText(network: string, text: string): string {
    return text.replaceAll(
      /([a-z0-9][a-z0-9.-]*)([:/])(\d{4,5})\b/g,
      (whole, host: string, separator, port) => {
        const target = networkOf(host, network);
        return target === undefined ? whole : `127.0.0.1${String(separator)}${portOf(target, Number(port))}`;
      },
    );
  }

  const isPortFlag = (word: string): boolean => /^(--(.*-)?port|-p)$/.test(word);

  function rewriteWords(network: string, words: readonly string[]): string[] {
    return words.map((word, index) => {
      if (isPortFlag(words[index - 1] ?? '')) return String(portOf(network, Number(word)));
      const [, flag, port] = /^(--(?:.*-)?port)=(\d+)$/.exec(word) ?? [];
      if (flag !== undefined) return `${flag}=${portOf(network, Number(port))}`;
      return rewriteText(network, word).replace(/^(--\S*-address=)0\.0\.0\.0$/, '$1127.0.0.1');
    });
  }

  function rewriteValue(network: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => rewriteValue(network, item));
    if (typeof value !== 'object' || value === null) return value;
    const object = value as Readonly<Record<string, unknown>>;
    const { address } = object;
    const target = typeof address === 'string' ? networkOf(address, network) : undefined;
    return Object.fromEntries(
      Object.entries(object).map(([key, item]) => {
        if (target !== undefined && key === 'address') return [key, '127.0.0.1'];
        if (target !== undefined && (key === 'port' || key === 'port_value') && typeof item === 'number')
          return [key, portOf(target, item)];
        if (/[a-z]Port$/.test(key) && typeof item === 'number') return [key, portOf(network, item)];
        return [key, rewriteValue(network, item)];
      }),
    );
  }

  return {
    portOf,
    rewriteText,
    rewriteWords,
    rewriteDocuments: (network, text) =>
      parseAllDocuments(text)
        .map((document) => JSON.stringify(rewriteValue(network, document.toJS()), null, 2))
        .join('\n---\n'),
  };
}
