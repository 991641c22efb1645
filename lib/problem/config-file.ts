// The name of the project's configuration file, for messages that point to it.

const usual = 'pgmage.config.ts';

// A process works on one project.
let name = usual;

/** Says which file the project has, such as `pgmage.config.mjs`; null: none. */
export function rememberConfigFile(file: string | null): void {
  name = file ?? usual;
}

/** The name of the configuration file: the one that is there, or the one to write. */
export function configFile(): string {
  return name;
}

/** A text with the name of the file that is there. */
export function nameConfigFile(text: string): string {
  return text.replaceAll(usual, name);
}
