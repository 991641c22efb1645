// The author of a run: the operating system's user, and git's user and commit of the folder.
import { userInfo } from 'node:os';
import { readOutput } from '../programs/run.ts';
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

async function git(root: string, ...args: string[]): Promise<string | null> {
  const { failure, text } = await readOutput({ file: 'git', args, cwd: root, timeout: 5_000 });
  return failure === null && text.trim() !== '' ? text.trim() : null;
}

// In containers a user can have no name.
function systemUser(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
