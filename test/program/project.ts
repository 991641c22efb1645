// A project of its own in which the program is run, and the password that no run may tell.
import { type ExecFileOptions, execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { withTemplate } from '../project/cache.ts';

/** The password in URLs and schemas. */
export const password = 'hunter2';

/** A database that cannot be reached: nothing listens on port 1. */
export const closed = `postgres://app:${password}@127.0.0.1:1/shop`;

/** Contents by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** How the program is started. */
export interface Started {
  /** `DATABASE_URL`; default: of the database that cannot be reached. */
  readonly url?: string;
  /** The folder of the project to be in; default: its root. */
  readonly folder?: string;
  /** The user that runs it; default: this one. */
  readonly user?: { readonly uid?: number; readonly gid?: number };
  /** Others; undefined: left out. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** How it ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  /** Without what it says about its progress. */
  readonly log: string;
}

/** A folder with files. */
export interface Project {
  readonly root: string;
  write(files: Files): void;
  /**
   * Runs the program; that it tells neither the password nor where in its own files it was is part of every
   * run.
   */
  pgmage(words: string, how?: Started): Promise<Ended>;
  remove(): void;
}

/** What a run that ends of a problem is. */
export function problem(code: number, ...lines: string[]): Ended {
  return { code, out: '', log: `${lines.join('\n')}\n` };
}

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');

/** Makes an empty project, where the shadow need not be made. */
export async function makeProject(): Promise<Project> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-bad-'));
  await withTemplate(join(root, '.pgmage', 'cache'));
  return {
    root,
    write(files) {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, name)), { recursive: true });
        writeFileSync(join(root, name), content);
      }
    },
    async pgmage(words, { url = closed, folder = '.', variables = {}, user = {} } = {}) {
      const env = { ...process.env, NO_COLOR: '1', DATABASE_URL: url, ...variables };
      const { code, out, log } = await run(words, { cwd: join(root, folder), env, ...user });
      expect(out + log).not.toContain(password);
      expect(log).not.toMatch(/\n\s+at .*\.js/);
      return { code, out, log: log.replace(/^[\d:.TZ -]*Preparing.*\n/gm, '') };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function run(words: string, options: ExecFileOptions): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...words.split(' ')],
      { ...options, encoding: 'utf8' },
      (error, out, log) => resolve({ code: error === null ? 0 : Number(error.code), out, log }),
    );
  });
}
