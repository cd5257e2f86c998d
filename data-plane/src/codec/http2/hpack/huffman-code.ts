/**
 * The Huffman code of HPACK (RFC 7541, Appendix B). It is canonical: codes of one length are consecutive numbers in
 * order of their symbols, so the lengths say it all.
 */

/** Bits of each byte's code; the last one is EOS, which is never written. Runs of equal lengths as `length×count`. */
const lengthRuns = `
13 23 28×7 24 30 28×2 30 28×8 30 28×9
6 10×2 12 13 6 8 11 10×2 8 11 8 6×3 5×3 6×7 7 8 15 6 12 10
13 6 7×22 8 7 8 13 19 13 14 6
15 5 6 5 6 5 6×3 5 7×2 6×3 5 6 7 6 5×2 6 7×5 15 11 14 13 28
20 22 20×2 22×3 23 22 23×5 24 23 24×2 22 23 24 23×4 21 22 23 22 23×2 24
22 21 20 22×2 23×2 21 23 22×2 24 21 22 23×2 21×2 22 21 23 22 23×2 20 22×3 23 22×2 23
26×2 20 19 22 23 22 25 26×3 27×2 26 24 25 19 21 26 27×2 26 27 24 21×2 26×2 28 27×3
20 24 20 21 22 21×2 23 22×2 25×2 24×2 26 23 26 27 26×2 27×5 28 27×5 26
30`;

export const endOfString = 256;

/** Index = symbol: 0 to 255 and `endOfString`. */
export const codeLengths: readonly number[] = lengthRuns
  .trim()
  .split(/\s+/)
  .flatMap((run) => {
    const [length = '', count = '1'] = run.split('×');
    return new Array<number>(Number(count)).fill(Number(length));
  });

/** Index = symbol; the code's bits, right-aligned. */
export const codes: readonly number[] = assignCodes(codeLengths);

function assignCodes(lengths: readonly number[]): number[] {
  const result = new Array<number>(lengths.length).fill(0);
  let code = 0;
  let lastLength = 0;
  const symbols = lengths
    .map((length, symbol) => ({ length, symbol }))
    .sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  for (const { length, symbol } of symbols) {
    code *= 2 ** (length - lastLength);
    lastLength = length;
    result[symbol] = code++;
  }
  return result;
}
