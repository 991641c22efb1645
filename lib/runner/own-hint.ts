// The failure of a task, with a hint that fits the task.
import { Problem } from '../problem/problem.ts';
import { type Task, toFlag } from './task.ts';

/**
 * The failure of a task in its own words: a command knows its options, but not the name that it was called
 * by, nor which options a task has for it.
 * @param thrown any value; only a Problem is changed
 * @param all the tasks of pgmage
 */
export function fitToTask(thrown: unknown, task: Task & { readonly own: boolean }, all: readonly Task[]) {
  if (!(thrown instanceof Problem)) return thrown;
  if (thrown.code === 'bad_option') {
    const { data, cause } = thrown as Problem<'bad_option'>;
    return new Problem('bad_option', { task: task.name, ...data }, { cause });
  }
  // A task of the project may call any command.
  return task.own ? Object.assign(thrown, { hint: fitOptions(thrown.hint, task, all) }) : thrown;
}

/**
 * A hint without sentences that advise an option which the task lacks. An option beside the name of a task is
 * that task's; one that no task has is another program's.
 */
export function fitOptions(hint: string, task: Pick<Task, 'options'>, all: readonly Task[]): string {
  const [own, known] = [new Set(flagsOf(task)), new Set(all.flatMap(flagsOf))];
  const named = new RegExp(`(?<![\\w./:-])(?:${all.map(({ name }) => name).join('|')})(?![\\w:-])`);
  const fits = (sentence: string) =>
    named.test(sentence) ||
    [...sentence.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].every(([flag]) => own.has(flag) || !known.has(flag));
  const kept = hint.split(/(?<=[.!?]) (?=[A-Z-])/).filter(fits);
  return kept.length === 0 ? hint : kept.join(' ');
}

const flagsOf = ({ options }: Pick<Task, 'options'>) => options.map(({ name }) => toFlag(name));
