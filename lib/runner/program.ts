// The way in for programs: the world of a command line without one.
import { openProject } from '../config/project.ts';
import { legible } from '../problem/legible.ts';
import { endPrograms } from '../programs/running.ts';
import { builtin } from './builtin.ts';
import { makeContext, type TaskContext } from './context.ts';

/** The options of a program that uses the library; the process supplies the others. */
export interface ProgramOptions {
  /** A folder of the project; default: the working directory. */
  readonly cwd?: string;
  /** Variables to look environments up in; default: the process's own. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** URL of a server to make shadow databases on; default: as configured. */
  readonly shadow?: string;
  /** Receives progress messages; default: none. */
  readonly progress?: (message: string) => void;
}

/**
 * Opens a project for a program: the context that every operation takes.
 * @throws Problem `bad_config`
 */
export async function openContext(options: ProgramOptions = {}): Promise<TaskContext> {
  const { version } = await builtin();
  const project = await openProject(options.cwd ?? process.cwd(), version);
  const variables = options.variables ?? process.env;
  const progress = options.progress ?? (() => {});
  process.off('exit', endPrograms).on('exit', endPrograms);
  const show = (line: string) => void process.stderr.write(`${legible(line)}\n`);
  const context = makeContext(project, { version, variables, now: () => new Date(), progress, show });
  return options.shadow === undefined ? context : { ...context, shadow: options.shadow };
}
