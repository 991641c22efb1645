// What an unchanged db:status costs now and at an earlier commit, in time of the processor: other work on the
// machine hardly changes that.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { query } from '../test/servers/server.ts';
import { loopSchema } from './loop.ts';
import { type Measured, type Program, race } from './measure.ts';
import type { Desk, Part } from './parts.ts';

// Fewer cannot tell 2 % from chance.
const leastRounds = 60;

/**
 * Builds the earlier commit beside this one, and runs both in turn.
 * @param before the earlier commit
 * @param schema a file of the corpus; without it, eleven tables
 */
export const unchanged =
  (before: string, schema?: string): Part =>
  async (desk) => {
    const text = schema === undefined ? loopSchema(0) : readFileSync(join(desk.corpus, schema), 'utf8');
    const repository = join(import.meta.dirname, '..');
    const old = join(desk.directory, `before-${desk.server.major}-${text.length}`);
    const git = (...words: readonly string[]) => execFileSync('git', words, { cwd: repository });
    git('worktree', 'add', '--quiet', '--detach', old, before);
    try {
      symlinkSync(join(repository, 'node_modules'), join(old, 'node_modules'));
      execFileSync(process.execPath, [join(old, 'build.js')], { stdio: 'inherit' });
      const programs = [
        await settled({ ...desk, pgmage: join(old, 'bin/pgmage.cjs') }, text, `before_${before}`),
        await settled(desk, text, 'now'),
      ];
      const rounds = Math.max(desk.rounds, schema === undefined ? leastRounds : 1);
      const [then, now] = (await race(programs, rounds)) as [Measured, Measured];
      const values = now.times.map((time, round) => time / (then.times[round] as number));
      const ratio = { values, promise: '≤ 1.02 × before', kept: (value: number) => value <= 1.02 };
      const part = `db:status${schema === undefined ? '' : ` of ${schema}`}, CPU ${desk.server.major}`;
      return [
        { part, measured: then },
        { part, measured: now, ratio },
      ];
    } finally {
      git('worktree', 'remove', '--force', old);
    }
  };

// A project that is in sync, of the user who runs this: the owner of the program keeps its compiled code.
async function settled({ server, directory, pgmage }: Desk, text: string, title: string): Promise<Program> {
  const name = `unchanged_${title.replace(/\W+/g, '_')}_${text.length}`;
  await query(server.socket(), `create database ${name} template template0`);
  const root = join(directory, `${name}_${server.major}`);
  mkdirSync(join(root, 'schema'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'schema/schema.sql'), text);
  const clock = join(root, 'clock.cjs');
  writeFileSync(
    clock,
    `process.on('exit', () => {
      const { user, system } = process.cpuUsage();
      require('node:fs').writeSync(1, String((user + system) / 1000));
    });`,
  );
  const run = (...words: readonly string[]): Program => ({
    name: title,
    command: [process.execPath, '--require', clock, pgmage, ...words],
    cwd: root,
    variables: { DATABASE_URL: server.url(name), XDG_CACHE_HOME: join(root, 'cache') },
    tellsTime: true,
  });
  await race([run('db:sync', '--yes')], 1, true);
  return run('db:status', '--check');
}
