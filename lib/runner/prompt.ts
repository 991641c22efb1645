// Asks on a terminal.
import { makeLegible } from '../problem/legible.ts';
import { Problem } from '../problem/problem.ts';

// Ctrl-D ends the input, so it must end the question as Ctrl-C does.
const actions = { ctrl: { c: 'cancel', d: 'cancel', j: 'submit' } } as const;

// The library asks no variable but FORCE_COLOR.
const terminalOf = (colour: boolean) => ({
  actions,
  stdout: process.stderr,
  ...(!colour && { styles: { enabled: false } }),
});

/** A question that yes or no answers. @throws Problem `interrupted` */
export async function askYesNo(question: string, colour: boolean): Promise<boolean> {
  const { default: enquirer } = await import('enquirer');
  const message = makeLegible(question);
  const format = (value: unknown) => (value ? 'yes' : 'no');
  const prompt = { type: 'confirm', name: 'answer', message, format, initial: false } as const;
  try {
    const { answer } = await enquirer.prompt<{ answer: boolean }>({
      ...prompt,
      ...terminalOf(colour),
    } as never);
    return answer;
  } catch {
    // It throws an empty text for Ctrl-C and Escape.
    throw new Problem('interrupted', { state: 'Nothing was changed.' });
  }
}

/** The question of a select while it is answered. */
export interface Selection {
  readonly state: { readonly submitted: boolean; readonly cancelled: boolean };
  readonly selected?: { readonly message: string };
}

/** The chosen answer in its own words; enquirer would print its name, which is a number. */
export function formatAnswer(this: Selection): string {
  const { submitted, cancelled } = this.state;
  return submitted && !cancelled ? (this.selected?.message ?? '') : '';
}

/**
 * A question that one of several answers.
 * @returns its place
 * @throws Problem `interrupted`: after Ctrl-C there is none
 */
export async function askWhich(
  question: string,
  answers: readonly string[],
  colour: boolean,
): Promise<number> {
  const { default: enquirer } = await import('enquirer');
  const choices = answers.map((message, at) => ({ name: `${at}`, message: makeLegible(message) }));
  const message = makeLegible(question);
  const prompt = { type: 'select', name: 'answer', message, choices, format: formatAnswer } as const;
  try {
    const { answer } = await enquirer.prompt<{ answer: string }>({
      ...prompt,
      ...terminalOf(colour),
    } as never);
    return Number(answer);
  } catch {
    throw new Problem('interrupted', { state: 'Nothing was changed.' });
  }
}
