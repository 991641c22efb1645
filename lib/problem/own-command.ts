// How pgmage was started, for hints with commands that can be pasted.

// Commands that run the program of a package, by the name of the package manager.
const starts: Readonly<Record<string, string>> = {
  npm: 'npx pgmage ',
  pnpm: 'pnpm pgmage ',
  yarn: 'yarn pgmage ',
  bun: 'bunx pgmage ',
};

// A process is started once.
let start = '';
let pattern = /(?!)/g;

/**
 * Remembers the start, for example by `npm run` or npx; default: the program alone.
 * @param agent the variable npm_config_user_agent: `npm/10.8.2 node/v20.19.0`
 * @param tasks the names of the tasks
 */
export function rememberStart(agent: string | undefined, tasks: readonly string[]): void {
  start = starts[agent?.split('/')[0] ?? ''] ?? '';
  const names = `(?:${tasks.join('|')})(?![\\w:-])`;
  const spaced = `(?:${tasks.filter((name) => name.includes(':')).join('|')})(?![\\w:-])`;
  const called = `(?:npx )?\\bpgmage (?=${names}|--list|\\S+ --help)`;
  pattern = new RegExp(`${called}|(?<![\\w./:-]|pgmage )(?=${spaced})`, 'g');
}

/** A hint with the words in front of each command that start it. */
export function nameCommands(hint: string): string {
  if (start === '' || hint.startsWith('Did you mean')) return hint;
  return hint.replace(pattern, start);
}
