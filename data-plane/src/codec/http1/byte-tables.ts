/** Classes of bytes as tables: one load decides. The grammar is RFC 9110 5 and RFC 9112 3, 5, 7. */

export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const space = 0x20;
export const numberSign = 0x23;
export const colon = 0x3a;
export const semicolon = 0x3b;

const tokenPunctuation = "!#$%&'*+-.^_`|~";
const hostPunctuation = "-._~!$&'()*+,;=%";

/** tchar → its lower case; anything else → 0. */
export const lowerCaseToken: Uint8Array = buildTable((code, character) => {
  if (isAlphaNumeric(code)) return character.toLowerCase().charCodeAt(0);
  return tokenPunctuation.includes(character) ? code : 0;
});

/** HTAB, SP, VCHAR and obs-text: what a field value and a reason phrase consist of. */
export const isFieldValueByte: Uint8Array = buildTable((code) =>
  code === tab || (code >= space && code !== 0x7f) ? 1 : 0,
);

/** Visible ASCII without `#`: a request target has no fragment. */
export const isTargetByte: Uint8Array = buildTable((code) =>
  code > space && code < 0x7f && code !== numberSign ? 1 : 0,
);

/** reg-name of RFC 3986 3.2.2, percent signs included. */
export const isHostByte: Uint8Array = buildTable((code, character) =>
  isAlphaNumeric(code) || hostPunctuation.includes(character) ? 1 : 0,
);

/** Hexadecimal digit → its value + 1; anything else → 0. */
export const hexDigitPlusOne: Uint8Array = buildTable((_, character) => {
  const value = '0123456789abcdef'.indexOf(character.toLowerCase());
  return value + 1;
});

function isAlphaNumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function buildTable(classify: (code: number, character: string) => number): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0; code < 256; code++) table[code] = classify(code, String.fromCharCode(code));
  return table;
}
