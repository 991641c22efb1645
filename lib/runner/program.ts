// The way in for programs: the world of a command line without one.
import { openProject } from '../config/project.ts';
import { makeLegible } from '../problem/legible.ts';
import { endPrograms } from '../programs/running.ts';
import { applyOverrides } from '../project/options.ts';
import { openWorkspace, type Workspace } from '../project/workspace.ts';
import { loadPackageFacts } from './builtin.ts';
import { makeProject, makeWorld } from './context.ts';

/** The options of a program that uses the library; the process supplies the others. */
export interface ProgramOptions {
  /** A folder of the project; default: the working directory. */
  readonly cwd?: string;
  /** Variables to look environments up in; default: the process's own. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** `embedded`, `native`, `auto` or the URL of a server for shadow databases; default: as configured. */
  readonly shadow?: string;
  /** Receives progress messages; default: none. */
  readonly progress?: (message: string) => void;
}

/**
 * Opens a project for a program: the workspace that every operation takes, to be disposed by the caller.
 * @throws Problem `bad_config`
 */
export async function openProgram(options: ProgramOptions = {}): Promise<Workspace> {
  const { version } = await loadPackageFacts();
  const folder = await openProject(options.cwd ?? process.cwd(), version);
  const { variables = process.env, progress = () => {} } = options;
  process.off('exit', endPrograms).on('exit', endPrograms);
  const show = (line: string) => void process.stderr.write(`${makeLegible(line)}\n`);
  const project = makeProject(folder, version);
  const world = makeWorld(folder, { variables, now: () => new Date(), progress, show });
  return openWorkspace(
    options.shadow === undefined ? project : applyOverrides(project, { shadow: options.shadow }),
    world,
  );
}
