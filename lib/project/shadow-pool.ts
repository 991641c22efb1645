// The shadows of a workspace. Parts of an operation share them, because starting one takes most of the time.
import { mkdir } from 'node:fs/promises';
import { Problem } from '../problem/problem.ts';
import type { Shadow } from '../shadow/shadow.ts';
import type { Project } from './project.ts';
import type { World } from './world.ts';

interface PooledShadow {
  readonly extensions: ReadonlySet<string>;
  readonly shadow: Promise<Shadow>;
  uses: number;
}

/** Lends shadows, and keeps each one open until the pool is closed. */
export class ShadowPool {
  readonly #project: Project;
  readonly #world: World;
  #entries: PooledShadow[] = [];
  #isClosed = false;

  constructor(project: Project, world: World) {
    this.#project = project;
    this.#world = world;
  }

  /**
   * Lends a shadow in which the named extensions can be created.
   * @throws Problem `shadow_failed`, and of the work
   */
  async use<T>(extensions: Iterable<string>, work: (shadow: Shadow) => Promise<T>): Promise<T> {
    const entry = this.#take(new Set(extensions));
    try {
      return await work(await entry.shadow);
    } finally {
      entry.uses--;
      if (entry.uses === 0 && this.#isClosed) await this.#close(entry);
    }
  }

  /**
   * Closes the shadows. One that is still in use, because a work beside it failed, is closed by its last
   * user.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const entry of this.#entries) if (entry.uses === 0) await this.#close(entry);
  }

  async #close(entry: PooledShadow): Promise<void> {
    this.#forget(entry);
    const shadow = await entry.shadow.catch(() => undefined);
    await shadow?.close();
  }

  #forget(entry: PooledShadow): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  #take(extensions: ReadonlySet<string>): PooledShadow {
    const fits = ({ extensions: has }: PooledShadow) =>
      this.#project.shadow !== null || [...extensions].every((name) => has.has(name));
    const found = this.#entries.find(fits);
    if (found !== undefined) {
      found.uses++;
      return found;
    }
    const entry: PooledShadow = { extensions, shadow: this.#start(extensions), uses: 1 };
    this.#entries.push(entry);
    // A later attempt starts one again.
    entry.shadow.catch(() => this.#forget(entry));
    return entry;
  }

  async #start(extensions: ReadonlySet<string>): Promise<Shadow> {
    const { cacheDir, shadow: url } = this.#project;
    const { onInterrupt } = this.#world;
    const { openShadow } = await import('../shadow/open.ts');
    await mkdir(cacheDir, { recursive: true }).catch(() => undefined);
    const progress = (message: string) => this.#world.progress(message);
    return openShadow({ cacheDir, url, extensions, progress, ...(onInterrupt && { onInterrupt }) });
  }
}

/**
 * Refuses to run definitions of a database in a shadow on a server as its superuser. The database's owner
 * wrote them, and what they call would have a superuser's rights. Only a session that never had these is a
 * limit: code can reset a role that was set (manual: SET SESSION AUTHORIZATION).
 * @throws Problem `shadow_superuser`
 */
export function refuseSuperuser({ shadowSuperuser = false }: Project, { superuser }: Shadow): void {
  if (superuser !== null && !shadowSuperuser) throw new Problem('shadow_superuser', { role: superuser });
}
