import { codeLengths, codes, endOfString } from './huffman-code.ts';

/** Half a byte at a time: no code is shorter than 5 bits, so one step ends at most one symbol. */
const stepBits = 4;
const stepCount = 1 << stepBits;
const nothing = -1;
/** A step into EOS or off the tree. */
const failedState = 0xffff;
/** Padding is the beginning of EOS, and shorter than a byte (RFC 7541, 5.2). */
const maxPaddingBits = 7;

/** `[state × 16 + half byte]` → state, and the symbol that ended on the way. */
interface DecodingTable {
  readonly next: Uint16Array;
  readonly symbols: Int16Array;
  /** The bits since the last symbol may be padding. */
  readonly isEnd: readonly boolean[];
}

interface TreeNode {
  readonly index: number;
  readonly isEnd: boolean;
  readonly children: [TreeNode | number, TreeNode | number];
}

const table = buildTable();

/** Bytes of `text` (latin1) when it is written in Huffman code. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += codeLengths[text.charCodeAt(at)] as number;
  return (bits + 7) >> 3;
}

/** Writes `text` (latin1) at `offset`, where `huffmanLength` bytes are free. Returns the offset behind it. */
export function writeHuffman(target: Uint8Array, offset: number, text: string): number {
  let at = offset;
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    let code = codes[symbol] as number;
    let length = codeLengths[symbol] as number;
    // At most 7 bits wait: together with the longest code they would not fit 32.
    if (length > 16) {
      const head = length - 16;
      pending = (pending << head) | (code >>> 16);
      pendingBits += head;
      while (pendingBits >= 8) target[at++] = (pending >>> (pendingBits -= 8)) & 0xff;
      pending &= (1 << pendingBits) - 1;
      code &= 0xffff;
      length = 16;
    }
    pending = (pending << length) | code;
    pendingBits += length;
    while (pendingBits >= 8) target[at++] = (pending >>> (pendingBits -= 8)) & 0xff;
    pending &= (1 << pendingBits) - 1;
  }
  if (pendingBits > 0) target[at++] = ((pending << (8 - pendingBits)) | (0xff >>> pendingBits)) & 0xff;
  return at;
}

/**
 * Decodes `source[start, end)` into `target`, which has room for 8 bytes for every 5 of the source. Returns the number
 * of bytes, or −1: EOS, a broken code, or padding that is none.
 */
export function readHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  const { next, symbols, isEnd } = table;
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = source[at] as number;
    for (let shift = stepBits; shift >= 0; shift -= stepBits) {
      const step = state * stepCount + ((byte >> shift) & (stepCount - 1));
      state = next[step] as number;
      if (state === failedState) return nothing;
      const symbol = symbols[step] as number;
      if (symbol !== nothing) target[length++] = symbol;
    }
  }
  return isEnd[state] === true ? length : nothing;
}

function buildTable(): DecodingTable {
  const nodes: TreeNode[] = [];
  const addNode = (isEnd: boolean): TreeNode => {
    const node: TreeNode = { index: nodes.length, isEnd, children: [nothing, nothing] };
    nodes.push(node);
    return node;
  };
  const root = addNode(true);
  codes.forEach((code, symbol) => {
    const length = codeLengths[symbol] as number;
    let node = root;
    for (let depth = 1; depth < length; depth++) {
      const bit = (code >>> (length - depth)) & 1;
      let child = node.children[bit] as TreeNode | number;
      if (typeof child === 'number') {
        // The code of EOS is all ones.
        child = addNode(node.isEnd && bit === 1 && depth <= maxPaddingBits);
        node.children[bit] = child;
      }
      node = child;
    }
    node.children[code & 1] = symbol;
  });
  const next = new Uint16Array(nodes.length * stepCount);
  const symbols = new Int16Array(nodes.length * stepCount).fill(nothing);
  for (const node of nodes) {
    for (let step = 0; step < stepCount; step++) {
      const at = node.index * stepCount + step;
      let current: TreeNode = node;
      next[at] = failedState;
      for (let bit = stepBits - 1; ; bit--) {
        if (bit < 0) {
          next[at] = current.index;
          break;
        }
        const child: TreeNode | number = current.children[(step >> bit) & 1] as TreeNode | number;
        if (typeof child !== 'number') {
          current = child;
        } else if (child === nothing || child === endOfString) {
          break;
        } else {
          symbols[at] = child;
          current = root;
        }
      }
    }
  }
  return { next, symbols, isEnd: nodes.map(({ isEnd }) => isEnd) };
}
