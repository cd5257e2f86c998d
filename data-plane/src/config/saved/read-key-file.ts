import { readFileSync } from 'node:fs';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';

const keyBytes = 32;

/** An AES-256 key: 32 bytes as they are, or as hexadecimal or base64 text. @throws HeddleError `file-unusable` */
export function readKeyFile(path: string): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new HeddleError('file-unusable', `cannot read the key file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (content.length === keyBytes) return content;
  const text = content.toString('latin1').trim();
  const isHex = /^[0-9a-f]{64}$/i.test(text);
  const isBase64 = /^[A-Za-z0-9+/]{43}=$/.test(text);
  if (isHex || isBase64) return Buffer.from(text, isHex ? 'hex' : 'base64');
  throw new HeddleError(
    'file-unusable',
    `the key file ${path} must hold ${keyBytes} bytes, or 64 hexadecimal digits, or their base64; it has ${content.length} bytes`,
  );
}
