// The shadows of a workspace. Parts of an operation share them, because starting one takes most of the time.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../config/file.ts';
import { Problem } from '../problem/problem.ts';
import { beyondNative, isBeyondNative } from '../shadow/beyond-native.ts';
import type { NativePrograms } from '../shadow/native-programs.ts';
import type { Shadow } from '../shadow/shadow.ts';
import { embeddedMajor, pgliteVersion } from '../shadow/version.ts';
import { isOwnShadow, type Project } from './project.ts';
import type { World } from './world.ts';

interface PooledShadow {
  /** Extensions that can be created in it; null: it need not be told of them. */
  readonly extensions: ReadonlySet<string> | null;
  readonly isNative: boolean;
  readonly shadow: Promise<Shadow>;
  uses: number;
}

/** How a use differs from the usual one. */
export interface ShadowUse {
  /**
   * True for definitions that come from a database instead of the project's files: they run in the embedded
   * shadow, where there are two.
   */
  readonly ofDatabase?: boolean;
}

/** Lends shadows, and keeps each one open until the pool is closed. */
export class ShadowPool {
  readonly #project: Project;
  readonly #world: World;
  #entries: PooledShadow[] = [];
  #isClosed = false;
  #native: Promise<NativePrograms | null> | undefined;

  constructor(project: Project, world: World) {
    this.#project = project;
    this.#world = world;
  }

  /**
   * Lends a shadow in which the named extensions can be created. Work that the native shadow refuses is done
   * again from its beginning, in the embedded one.
   * @throws Problem `shadow_failed`, `no_native_shadow`, and of the work
   */
  async use<T>(
    extensions: Iterable<string>,
    work: (shadow: Shadow) => Promise<T>,
    { ofDatabase = false }: ShadowUse = {},
  ): Promise<T> {
    const programs = ofDatabase ? null : await this.#findNative();
    if (programs === null) return this.#lend(this.#take(new Set(extensions)), work);
    try {
      return await this.#lend(this.#takeNative(programs), work);
    } catch (thrown) {
      if (!isBeyondNative(thrown)) throw thrown;
      this.#native = Promise.resolve(null);
      this.#world.detail?.(
        `Shadow: the embedded PostgreSQL, because the native one failed: ${thrown.data.reason}`,
      );
      return this.#lend(this.#take(new Set(extensions)), work);
    }
  }

  /** The part of a shadow that a catalog depends on besides its files: the version of its server. */
  async describe(): Promise<string> {
    const { shadow } = this.#project;
    if (isOwnShadow(shadow)) {
      const native = await this.#findNative();
      return native === null ? `pglite ${pgliteVersion}` : `native ${native.version}`;
    }
    const { connect } = await import('../pg/connect.ts');
    const server = await connect({ url: shadow as string, applicationName: 'pgmage shadow' });
    await server.close();
    return `${shadow} ${server.version}`;
  }

  /**
   * Closes the shadows. One that is still in use, because a work beside it failed, is closed by its last
   * user.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.closeIdle();
  }

  /** Closes the shadows that are not in use, for their memory: 250 MB. A later use starts one again. */
  async closeIdle(): Promise<void> {
    for (const entry of this.#entries) if (entry.uses === 0) await this.#close(entry);
  }

  async #lend<T>(entry: PooledShadow, work: (shadow: Shadow) => Promise<T>): Promise<T> {
    entry.uses++;
    try {
      return await work(await entry.shadow);
    } finally {
      entry.uses--;
      if (entry.uses === 0 && this.#isClosed) await this.#close(entry);
    }
  }

  async #close(entry: PooledShadow): Promise<void> {
    this.#forget(entry);
    const shadow = await entry.shadow.catch(() => undefined);
    await shadow?.close();
  }

  #forget(entry: PooledShadow): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  #findNative(): Promise<NativePrograms | null> {
    this.#native ??= this.#lookForNative();
    return this.#native;
  }

  async #lookForNative(): Promise<NativePrograms | null> {
    const { root, cacheDir, shadow } = this.#project;
    if (shadow !== 'native' && shadow !== 'auto') return null;
    const { findNativePrograms } = await import('../shadow/native.ts');
    const found = await findNativePrograms(root, { cacheDir });
    if ('folder' in found) {
      this.#world.detail?.(`Shadow: PostgreSQL ${found.version} of ${found.folder}`);
      return found;
    }
    if (shadow === 'native') throw new Problem('no_native_shadow', { ...found, major: embeddedMajor });
    this.#world.detail?.(`Shadow: the embedded PostgreSQL, because ${found.reason}`);
    return null;
  }

  #takeNative(programs: NativePrograms): PooledShadow {
    const found = this.#entries.find(({ isNative }) => isNative);
    if (found !== undefined) return found;
    const start = async () => {
      const { openNativeShadow } = await import('../shadow/native.ts');
      return openNativeShadow(programs, { cacheDir: await this.#cache(), progress: this.#progress });
    };
    const shadow = start().catch((thrown: Error) => {
      throw this.#project.shadow === 'auto' ? beyondNative(thrown.message) : thrown;
    });
    return this.#add({ extensions: null, isNative: true, shadow, uses: 0 });
  }

  #take(extensions: ReadonlySet<string>): PooledShadow {
    const fits = ({ isNative, extensions: has }: PooledShadow) =>
      !isNative && (has === null || [...extensions].every((name) => has.has(name)));
    const found = this.#entries.find(fits);
    if (found !== undefined) return found;
    const known = isOwnShadow(this.#project.shadow) ? extensions : null;
    return this.#add({ extensions: known, isNative: false, shadow: this.#start(extensions), uses: 0 });
  }

  #add(entry: PooledShadow): PooledShadow {
    this.#entries.push(entry);
    // A later attempt starts one again.
    entry.shadow.catch(() => this.#forget(entry));
    return entry;
  }

  async #start(extensions: ReadonlySet<string>): Promise<Shadow> {
    const { shadow } = this.#project;
    const { onInterrupt } = this.#world;
    const { openShadow } = await import('../shadow/open.ts');
    const url = isOwnShadow(shadow) ? null : shadow;
    const cacheDir = await this.#cache();
    const progress = this.#progress;
    return openShadow({ cacheDir, url, extensions, progress, ...(onInterrupt && { onInterrupt }) });
  }

  async #cache(): Promise<string> {
    const { root, cacheDir } = this.#project;
    const isOwn = cacheDir.startsWith(join(root, '.pgmage'));
    await (isOwn ? makeFolder(root) : mkdir(cacheDir, { recursive: true })).catch(() => undefined);
    return cacheDir;
  }

  readonly #progress = (message: string) => this.#world.progress(message);
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
