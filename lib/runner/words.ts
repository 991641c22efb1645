// The words of a command line, with notes about the files of tasks that they may be about.
import type { ProjectFolder } from '../config/project.ts';
import { makeLegible } from '../problem/legible.ts';
import { Problem } from '../problem/problem.ts';
import { type CommandLine, readCommandLine } from './arguments.ts';
import { type FoundTasks, findIgnoredFiles } from './tasks.ts';

interface Speaker {
  /** The words after the program's name. */
  readonly words: readonly string[];
  log(text: string): void;
}

/**
 * Reads the words.
 * @throws Problem `bad_task_file` for an unknown task where a file of tasks is broken; those of
 * {@link readCommandLine}
 */
export async function readWords(
  speaker: Speaker,
  folder: ProjectFolder,
  { tasks, broken }: FoundTasks,
): Promise<CommandLine> {
  try {
    const line = readCommandLine(speaker.words, tasks);
    if (broken !== null) speaker.log(`The tasks of the project are left out. ${broken.message}`);
    if (line.globals.list || line.calls.length === 0) await noteIgnored(speaker, folder);
    return line;
  } catch (thrown) {
    const isUnknown = thrown instanceof Problem && thrown.code === 'unknown_task';
    if (isUnknown && broken !== null) throw broken;
    if (isUnknown) await noteIgnored(speaker, folder);
    throw thrown;
  }
}

// Said where tasks are listed or missed: helpers of tasks may be programs, too.
async function noteIgnored({ log }: Speaker, folder: ProjectFolder): Promise<void> {
  for (const file of await findIgnoredFiles(folder))
    log(`${makeLegible(file)} is ignored: tasks are exported functions of .ts files`);
}
