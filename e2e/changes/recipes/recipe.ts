import type { Dice } from '../dice.ts';
import type { MeshModel, Step } from '../mesh-model.ts';
import type { Surroundings } from '../surroundings.ts';

/** What a recipe drew; the generator throws away what the model does not allow. */
export interface Draft {
  /** For people: `cart: v1 30, v2 70`. */
  readonly summary: string;
  readonly steps: readonly Step[];
}

/** One kind of change. Pure but for the dice. Undefined when the mesh has nothing of the kind to change. */
export interface Recipe {
  readonly kind: string;
  draw(model: MeshModel, surroundings: Surroundings, dice: Dice): Draft | undefined;
}
