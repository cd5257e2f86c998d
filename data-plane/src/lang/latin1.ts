/**
 * Text of a configuration as header values hold it: the bytes of its UTF-8, each as a latin1 character. ASCII comes
 * back as it is.
 */
export function toLatin1Text(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

/** The other way: for logs, where a header value stands among UTF-8 text. */
export function fromLatin1Text(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return Buffer.from(text, 'latin1').toString('utf8');
  }
  return text;
}

const notAFieldValue = /[^\t\x20-\x7e\x80-\xff]/;

/** A text as a value that a HeaderMap takes: latin1, and a space for each control character. */
export function toFieldValue(text: string): string {
  if (!notAFieldValue.test(text)) return text;
  return toLatin1Text(text).replace(/[\x00-\x08\x0a-\x1f\x7f]/g, ' ');
}
