// The author of a run: the operating system's user, and git's user and commit of the folder.
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { env } from 'node:process';
import { withoutConnection } from '../pg/parameters.ts';
import type { Author } from '../project/world.ts';

/** Finds the author of work in a folder. Unknown parts are null. */
export async function findAuthor(root: string): Promise<Author> {
  const [name, email, gitCommit] = await Promise.all([
    git(root, 'config', 'user.name'),
    git(root, 'config', 'user.email'),
    git(root, 'rev-parse', '--verify', '--quiet', 'HEAD'),
  ]);
  const gitAuthor = name === null ? email : email === null ? name : `${name} <${email}>`;
  return { systemUser: systemUser(), gitAuthor, gitCommit };
}

function git(root: string, ...words: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('git', words, { cwd: root, timeout: 5_000, env: withoutConnection(env) }, (error, output) =>
      resolve(error === null && output.trim() !== '' ? output.trim() : null),
    );
  });
}

// In containers a user can have no name.
function systemUser(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
