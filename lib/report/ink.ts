// Colours by meaning.
import { Chalk, type ChalkInstance } from 'chalk';

const coloured = new Chalk({ level: 1 });
const plain = new Chalk({ level: 0 });

/** Chalk that colours, or gives every text back as it is. */
export function makeInk(colour: boolean): ChalkInstance {
  return colour ? coloured : plain;
}
