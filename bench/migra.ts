// The program that db:diff is measured against: @pgkit/migra, fetched from npm when it is first needed and
// kept beside the test servers' programs. It is no dependency, because it brings 40 packages that nothing
// else here uses.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const version = '0.6.1';

/** The path of its command. Throws Error where npm can't get it. */
export function installMigra(): string {
  const home = join(tmpdir(), `pgmage-bench-${process.getuid?.() ?? 'user'}`, `migra-${version}`);
  const command = join(home, 'node_modules/@pgkit/migra/dist/command.js');
  if (existsSync(command)) return command;
  mkdirSync(join(home, '..'), { recursive: true, mode: 0o700 });
  // Renamed into place, so that an installation that was interrupted is not taken for a whole one.
  const draft = mkdtempSync(`${home}-`);
  try {
    writeFileSync(join(draft, 'package.json'), '{ "name": "bench", "private": true }');
    const options = ['--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
    execFileSync('npm', ['install', ...options, `@pgkit/migra@${version}`], { cwd: draft, stdio: 'inherit' });
    renameSync(draft, home);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return command;
}
