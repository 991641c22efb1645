// Asks on a terminal.
import { makeLegible } from '../problem/legible.ts';
import { Problem } from '../problem/problem.ts';

/** A question that yes or no answers. @throws Problem `interrupted` */
export async function askYesNo(question: string): Promise<boolean> {
  const { default: enquirer } = await import('enquirer');
  const message = makeLegible(question);
  const format = (value: unknown) => (value ? 'yes' : 'no');
  const prompt = { type: 'confirm', name: 'answer', message, format, initial: false } as const;
  try {
    const { answer } = await enquirer.prompt<{ answer: boolean }>({ ...prompt, stdout: process.stderr });
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
export async function askWhich(question: string, answers: readonly string[]): Promise<number> {
  const { default: enquirer } = await import('enquirer');
  const choices = answers.map((message, at) => ({ name: `${at}`, message: makeLegible(message) }));
  const message = makeLegible(question);
  const prompt = { type: 'select', name: 'answer', message, choices, format: formatAnswer } as const;
  try {
    const { answer } = await enquirer.prompt<{ answer: string }>({
      ...prompt,
      stdout: process.stderr,
    } as never);
    return Number(answer);
  } catch {
    throw new Problem('interrupted', { state: 'Nothing was changed.' });
  }
}
