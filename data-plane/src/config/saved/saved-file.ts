import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { readSavedSources, writeSavedSources } from './saved-sources.ts';
import type { SavedType } from './saved-resources.ts';

/** Everything that a file holds. */
export interface SavedContent {
  readonly owner: SavedOwner;
  /** Epoch ms. */
  readonly savedAt: number;
  /** Key of a stream to a control plane → what it held. */
  readonly sources: ReadonlyMap<string, readonly SavedType[]>;
}

/** Whose configuration it is: another proxy does not start from it. */
export interface SavedOwner {
  readonly nodeId: string;
  readonly nodeCluster: string;
}

export type ReadFile =
  | { readonly kind: 'usable'; readonly content: SavedContent }
  | { readonly kind: 'unusable'; readonly reason: string };

interface Header extends SavedOwner {
  readonly format: typeof formatName;
  readonly formatVersion: number;
  readonly savedAt: number;
  readonly cipher: 'none' | typeof cipherName;
  /** Base64; with a cipher only. */
  readonly nonce?: string;
}

const formatName = 'heddle-saved-config';
const formatVersion = 1;
const cipherName = 'aes-256-gcm';
/** As GCM wants it; fresh for each file. */
const nonceBytes = 12;
const tagBytes = 16;
const checksumBytes = 32;
const newLine = 0x0a;

/**
 * The file: a line of JSON that says what it is and whose, the content, and at the end a SHA-256 of all before it.
 * With a key the content is encrypted, followed by GCM's tag, and the line is authenticated with it.
 */
export function writeSavedFile(content: SavedContent, key: Uint8Array | undefined): Buffer {
  const nonce = randomBytes(nonceBytes);
  const header: Header = {
    format: formatName,
    formatVersion,
    ...content.owner,
    savedAt: content.savedAt,
    cipher: key === undefined ? 'none' : cipherName,
    ...(key === undefined ? {} : { nonce: nonce.toString('base64') }),
  };
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  const plain = writeSavedSources(content.sources);
  const body = key === undefined ? [plain] : encrypt(key, nonce, line, plain);
  const unsealed = Buffer.concat([line, ...body]);
  return Buffer.concat([unsealed, hash('sha256', unsealed, 'buffer')]);
}

/** Whatever the bytes are: no error is thrown, and nothing of them is in the reason. */
export function readSavedFile(bytes: Buffer, owner: SavedOwner, key: Uint8Array | undefined): ReadFile {
  const unusable = (reason: string): ReadFile => ({ kind: 'unusable', reason });
  const lineEnd = bytes.indexOf(newLine);
  const header = lineEnd < 0 ? undefined : readHeader(bytes.subarray(0, lineEnd));
  if (header === undefined) return unusable('it is not a saved configuration');
  if (header.formatVersion !== formatVersion) {
    return unusable(`its format is version ${header.formatVersion}, and this program knows ${formatVersion}`);
  }
  const unsealed = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
  if (
    lineEnd >= unsealed.length ||
    !hash('sha256', unsealed, 'buffer').equals(bytes.subarray(unsealed.length))
  ) {
    return unusable('its checksum is wrong: it is truncated or damaged');
  }
  if (header.nodeId !== owner.nodeId || header.nodeCluster !== owner.nodeCluster) {
    return unusable(`it is of node '${header.nodeId}' in cluster '${header.nodeCluster}'`);
  }
  const body = unsealed.subarray(lineEnd + 1);
  let plain: Buffer = body;
  if (key === undefined) {
    if (header.cipher !== 'none') return unusable('it is encrypted, and there is no key');
  } else {
    // What anybody could have written is not taken where a key could vouch for it.
    if (header.cipher !== cipherName) return unusable('it is not encrypted, and a key is set');
    const decrypted = decrypt(key, header.nonce ?? '', bytes.subarray(0, lineEnd + 1), body);
    if (decrypted === undefined) return unusable('it was encrypted with another key, or tampered with');
    plain = decrypted;
  }
  const sources = readSavedSources(plain);
  if (sources === undefined) return unusable('its content cannot be read');
  return { kind: 'usable', content: { owner, savedAt: header.savedAt, sources } };
}

function encrypt(key: Uint8Array, nonce: Uint8Array, line: Uint8Array, plain: Uint8Array): Buffer[] {
  const cipher = createCipheriv(cipherName, key, nonce).setAAD(line);
  return [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
}

function decrypt(key: Uint8Array, nonce: string, line: Uint8Array, body: Buffer): Buffer | undefined {
  const tagAt = body.length - tagBytes;
  const nonceOfFile = Buffer.from(nonce, 'base64');
  if (tagAt < 0 || nonceOfFile.length !== nonceBytes) return undefined;
  const decipher = createDecipheriv(cipherName, key, nonceOfFile, { authTagLength: tagBytes })
    .setAAD(line)
    .setAuthTag(body.subarray(tagAt));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, tagAt)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function readHeader(line: Buffer): Header | undefined {
  let header: Partial<Header> | null;
  try {
    header = JSON.parse(line.toString()) as Partial<Header> | null;
  } catch {
    return undefined;
  }
  if (header?.format !== formatName || typeof header.formatVersion !== 'number') return undefined;
  // Of a later format nothing else is known.
  if (header.formatVersion !== formatVersion) return header as Header;
  const { nodeId, nodeCluster, savedAt, nonce } = header;
  const isComplete =
    typeof nodeId === 'string' &&
    typeof nodeCluster === 'string' &&
    typeof savedAt === 'number' &&
    (nonce === undefined || typeof nonce === 'string');
  return isComplete ? (header as Header) : undefined;
}
