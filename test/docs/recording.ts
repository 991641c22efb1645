// The first minute of README, typed into a terminal (tmux).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { withTemplate } from '../project/cache.ts';
import { repository } from './markdown.ts';

const socket = `pgmage-picture-${process.pid}`;
const tmux = (...words: string[]) =>
  execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...words], { encoding: 'utf8' });
const screen = () => tmux('capture-pane', '-ep', '-S', '-', '-t', 'shop').trimEnd();
const plain = () => tmux('capture-pane', '-p', '-t', 'shop').trimEnd();

// Each with the text that the terminal shows before: `$` alone is the prompt.
const typed = [
  ['$', "echo 'create table users (id int primary key, email text)' > schema/schema.sql"],
  ['$', 'npx pgmage db:status'],
  ['$', 'npx pgmage db:sync'],
  ['(y/N)', 'y'],
  ['$', 'npx pgmage db:status --check && echo fine'],
  ['\nfine', ''],
] as const;

async function waitFor(end: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const lines = plain();
    if (end === '$' ? /(^|\n)\$$/.test(lines) : lines.includes(end)) return;
    await setTimeout(200);
  }
  throw new Error(`the terminal does not show ${end}:\n${plain()}`);
}

/** True if this machine has the terminal. */
export function hasTerminal(): boolean {
  return spawnSync('tmux', ['-V']).status === 0;
}

/** Types it, and gives the screen with its escape sequences. @throws Error if a command does not end */
export async function recordScreen(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-picture-'));
  try {
    const shop = join(root, 'shop');
    mkdirSync(join(shop, 'node_modules', '.bin'), { recursive: true });
    mkdirSync(join(shop, 'schema'));
    writeFileSync(join(shop, 'package.json'), '{ "name": "shop" }\n');
    symlinkSync(repository, join(shop, 'node_modules', 'pgmage'));
    // npm makes the program executable when it installs the package.
    const program = join(shop, 'node_modules', '.bin', 'pgmage');
    writeFileSync(program, `#!/bin/sh\nexec node '${repository}/bin/pgmage.cjs' "$@"\n`, { mode: 0o755 });
    await withTemplate(join(shop, '.pgmage', 'cache'));
    // They would change the output.
    const unset = ['DATABASE_URL', 'CI', 'NO_COLOR', 'FORCE_COLOR'].flatMap((name) => ['-u', name]);
    const shell = ['env', ...unset, 'PS1=$ ', 'bash', '--norc', '--noprofile'];
    tmux('new-session', '-d', '-s', 'shop', '-x', '80', '-y', '50', '-c', shop, ...shell);
    for (const [before, words] of typed) {
      await waitFor(before);
      if (words !== '') tmux('send-keys', '-t', 'shop', words, 'Enter');
      await setTimeout(300);
    }
    return screen().replace(/\n\S*\$\s*$/, '');
  } finally {
    try {
      tmux('kill-server');
    } catch {
      // It has ended already.
    }
    rmSync(root, { recursive: true, force: true });
  }
}
