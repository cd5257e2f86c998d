import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger } from '@heddle/shared/random/rng';
import { GatherBuffers } from './gather-buffers.ts';
import { copiedPieceBytes, TurnOutput } from './turn-output.ts';

/** The system, which takes what was written when it likes. */
class SlowSystem {
  readonly waiting: (Buffer | string)[] = [];
  taken = '';

  takeAll(): void {
    for (const part of this.waiting.splice(0)) {
      this.taken += typeof part === 'string' ? part : part.toString('latin1');
    }
  }
}

test('bytes come in the order in which they were written, though buffers are used again as soon as they can be', () => {
  const rng = createSeededRng(11);
  const output = new TurnOutput(new GatherBuffers());
  const system = new SlowSystem();
  let written = '';
  for (let step = 0; step < 30_000; step++) {
    const text = String.fromCharCode(0x41 + (step % 26)).repeat(1 + randomInteger(rng, 40));
    const large = text.repeat(1 + randomInteger(rng, 400)).slice(0, copiedPieceBytes);
    switch (randomInteger(rng, 8)) {
      case 0:
        output.addText(text);
        written += text;
        break;
      case 1:
        output.addSmall(Buffer.from(text));
        written += text;
        break;
      case 2:
        output.addPart(Buffer.from(large));
        written += large;
        break;
      case 3:
      case 4: {
        const lent = Buffer.from(`.${large}.`);
        output.addPiece(lent, 1, lent.length - 1);
        lent.fill(0);
        written += large;
        break;
      }
      case 5:
        // A write of an earlier turn was taken while this turn goes on.
        system.takeAll();
        output.onAllTaken();
        break;
      default:
        flush(output, system, randomInteger(rng, 2) === 0);
    }
    if (written.length < 500_000) continue;
    flush(output, system, true);
    assert.equal(output.bytes, 0);
    assert.ok(system.taken === written, `seed 11, step ${step}`);
    written = system.taken = '';
  }
});

function flush(output: TurnOutput, system: SlowSystem, isTaken: boolean): void {
  const text = output.takeText();
  if (text !== '') {
    system.waiting.push(text);
  } else if (output.bytes > 0) {
    const gathered = output.takeGathered();
    system.waiting.push(...(gathered === undefined ? output.takeParts() : [gathered]));
    if (isTaken) system.takeAll();
    output.release(isTaken);
    return;
  }
  if (isTaken) system.takeAll();
}
