// A project of someone who has just installed pgmage: the packed package, and nothing of this repository.
import {
  type ChildProcess,
  type ExecFileSyncOptionsWithStringEncoding,
  execFile,
  execFileSync,
  spawn,
} from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const repository = join(import.meta.dirname, '../..');

/** How a command ended. */
export interface CommandEnd {
  readonly code: number;
  /** What it printed, on both streams. */
  readonly output: string;
}

/** The project, and the shell in it. */
export class Stranger {
  readonly root = mkdtempSync(join(tmpdir(), 'pgmage-stranger-'));
  readonly port: number;
  readonly #variables: NodeJS.ProcessEnv;
  #service: ChildProcess | undefined;
  /** What `pgmage serve` has printed. */
  printed = '';

  /** Installs the package as npm packs it; its dependencies are those of this repository. */
  constructor(port: number) {
    this.port = port;
    const { DATABASE_URL: _, PGMAGE_API_KEY: __, ...inherited } = process.env;
    // Nothing was made for this user before.
    this.#variables = { ...inherited, NO_COLOR: '1', XDG_CACHE_HOME: join(this.root, '.cache') };
    const modules = join(this.root, 'node_modules');
    mkdirSync(join(modules, '.bin'), { recursive: true });
    mkdirSync(join(modules, 'pgmage'));
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const words = ['pack', '--ignore-scripts', '--json', '--pack-destination', this.root];
    const [{ filename }] = JSON.parse(execFileSync('npm', words, options)) as [{ filename: string }];
    execFileSync('tar', [
      '-xzf',
      join(this.root, filename),
      '--strip-components=1',
      '-C',
      join(modules, 'pgmage'),
    ]);
    rmSync(join(this.root, filename));
    const manifest = JSON.parse(readFileSync(join(modules, 'pgmage/package.json'), 'utf8'));
    for (const name of Object.keys(manifest.dependencies)) {
      mkdirSync(join(modules, name, '..'), { recursive: true });
      symlinkSync(join(repository, 'node_modules', name), join(modules, name));
    }
    // As npm does with what `bin` names.
    chmodSync(join(modules, 'pgmage/bin/pgmage.cjs'), 0o755);
    symlinkSync('../pgmage/bin/pgmage.cjs', join(modules, '.bin/pgmage'));
    writeFileSync(join(this.root, 'package.json'), '{\n  "name": "shop"\n}\n');
  }

  /** Types a command line. */
  type(line: string): Promise<CommandEnd> {
    const options = { cwd: this.root, env: this.#variables };
    return new Promise((resolve) => {
      execFile('/bin/sh', ['-c', `{ ${line}\n} 2>&1`], options, (error, output) =>
        resolve({ code: error === null ? 0 : Number(error.code), output }),
      );
    });
  }

  /** Types `npx pgmage serve`, and waits until it has printed something. */
  async serve(until: RegExp): Promise<void> {
    this.printed = '';
    // The shell becomes npx, and npx passes signals on to the program.
    const child = spawn('npx', ['pgmage', 'serve', '--port', String(this.port)], {
      cwd: this.root,
      env: this.#variables,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#service = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        this.printed += piece;
      });
    for (let waited = 0; waited < 60_000 && !until.test(this.printed); waited += 50) {
      if (child.exitCode !== null) break;
      await setTimeout(50);
    }
    if (!until.test(this.printed)) throw new Error(`pgmage serve printed only: ${this.printed}`);
  }

  /** Presses Ctrl-C: the signal reaches all processes of the terminal. */
  async interrupt(): Promise<void> {
    const child = this.#service;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // All of them have ended.
    const ended = new Promise((resolve) => child.once('close', resolve));
    process.kill(-child.pid, 'SIGINT');
    await ended;
  }

  async remove(): Promise<void> {
    await this.interrupt();
    rmSync(this.root, { recursive: true, force: true });
  }
}
