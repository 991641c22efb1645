// Runs the sessions of documents: one project, its databases, and a shell that has pgmage.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { withTemplate } from '../project/cache.ts';
import { rowsOf } from '../servers/databases.ts';
import { freePort, query, type Server } from '../servers/server.ts';
import { Samples, type Step, stepsOf } from './console.ts';
import { repository } from './markdown.ts';
import { runOnTerminal } from './terminal.ts';

/** A project in which sessions run. */
export class Walk {
  readonly root: string;
  readonly #server: Server;
  readonly #databases: ReadonlyMap<string, string>;
  readonly #samples: Samples;
  readonly #variables: NodeJS.ProcessEnv;

  private constructor(
    root: string,
    databases: ReadonlyMap<string, string>,
    { server, port }: { readonly server: Server; readonly port: number },
  ) {
    this.root = root;
    this.#server = server;
    this.#databases = databases;
    const { DATABASE_URL: _, PGMAGE_API_KEY: __, ...inherited } = process.env;
    this.#variables = {
      ...inherited,
      PATH: `${join(root, '.bin')}:${process.env.PATH}`,
      NO_COLOR: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PGMAGE_PORT: String(port),
      // Only the pages of workers have this database.
      ...(databases.has('queue') && { PGMAGE_QUEUE_URL: databases.get('queue') }),
    };
    this.#samples = new Samples([
      [`127.0.0.1:${port}`, '127.0.0.1:8170'],
      [`postgres@127.0.0.1:${server.port}`, 'app@db.example.com'],
      [root, '/srv/shop'],
      [process.execPath, '/usr/bin/node'],
      [`by ${userInfo().username}`, 'by anna'],
      [`  ${userInfo().username}  `, '  anna  '],
    ]);
  }

  /** Makes a project with a database for each environment. */
  static async open(server: Server, environments: readonly string[]): Promise<Walk> {
    const root = mkdtempSync(join(tmpdir(), 'pgmage-docs-'));
    await withTemplate(join(root, '.pgmage', 'cache'));
    const databases = new Map<string, string>();
    for (const name of environments) {
      const database = `shop_${name}`;
      await query(server.socket(), `drop database if exists ${database} with (force)`);
      await query(server.socket(), `create database ${database} template template0 strategy file_copy`);
      databases.set(name, server.url(database));
      writeFileSync(join(root, `.env.${name}`), `DATABASE_URL=${server.url(database)}\n`);
    }
    mkdirSync(join(root, '.bin'));
    // The shell's `npx pgmage` is the program of this repository.
    const npx = join(root, '.bin', 'npx');
    writeFileSync(
      npx,
      `#!/bin/sh\nshift\nnpm_config_user_agent=npm exec '${process.execPath}' '${repository}/bin/pgmage.cjs' "$@"\n`,
    );
    chmodSync(npx, 0o755);
    writeFileSync(join(root, 'package.json'), '{\n  "name": "shop"\n}\n');
    return new Walk(root, databases, { server, port: await freePort() });
  }

  /** Runs the steps of a document and gives the outputs of the shown ones. */
  async run(text: string): Promise<string[]> {
    const outputs: string[] = [];
    let until: string | null = null;
    for (const step of stepsOf(text)) {
      if (step.does === 'stop') {
        until = step.text;
        continue;
      }
      const stop = step.does === 'show' ? until : null;
      if (step.does === 'show') until = null;
      const output = await this.#take(step, stop).catch((error: Error) => {
        throw new Error(`${error.message}, after: ${outputs.join('\n')}`);
      });
      if (step.does === 'show') outputs.push(output);
    }
    return outputs;
  }

  /** What a task prints with --json. */
  async json(words: string): Promise<unknown> {
    return JSON.parse((await this.#shell(`npx pgmage ${words} --json 2>/dev/null`)).output);
  }

  async #take(step: Exclude<Step, { does: 'stop' }>, until: string | null): Promise<string> {
    if (step.does === 'sql') {
      const database = this.#databases.get(step.environment);
      if (database === undefined) throw new Error(`no database for ${step.environment}`);
      await rowsOf(database, step.sql);
      return '';
    }
    if (step.does === 'write') {
      mkdirSync(dirname(join(this.root, step.file)), { recursive: true });
      writeFileSync(join(this.root, step.file), step.content);
      return '';
    }
    const { code, output } = await this.#shell(this.#samples.revert(step.command), until);
    if (step.does === 'run' && code !== 0) throw new Error(`${step.command}: exit code ${code}: ${output}`);
    const shown = this.#samples.apply(output).replace(/^.*Preparing the shadow.*\n/gm, '');
    return `${shown.trimEnd()}${code === 0 ? '' : `\n[exit code ${code}]`}`.trim();
  }

  #shell(command: string, until: string | null = null): Promise<{ code: number; output: string }> {
    const place = { cwd: this.root, env: this.#variables };
    if (until !== null) return runOnTerminal(command, until, place);
    return new Promise((resolve) => {
      execFile('/bin/sh', ['-c', `{ ${command}\n} 2>&1`], place, (error, output) =>
        resolve({ code: error === null ? 0 : Number(error.code), output }),
      );
    });
  }

  /** Drops the databases and the folder. */
  async close(): Promise<void> {
    for (const name of this.#databases.keys())
      await query(this.#server.socket(), `drop database if exists shop_${name} with (force)`);
    rmSync(this.root, { recursive: true, force: true });
  }
}
