// API keys: a file of their hashes, in the data folder, for its owner only.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../config/file.ts';
import { isMissing, whileReading, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { KeyInfo, KeyScope } from './schemas.ts';

/** A key as the file has it. */
interface StoredKey {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the whole key, in hexadecimal. */
  readonly hash: string;
  readonly scopes: readonly KeyScope[];
  readonly to: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** The holder of a key, or a schedule. */
export interface Requester {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** The targets that it may write to; null: all. */
  readonly to: readonly string[] | null;
}

/** The rights of a new key. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly to: readonly string[] | null;
  readonly expiresAt: Date | null;
}

/** The keys of a service. */
export interface KeyRing {
  /** The holder of a key; null: there is none, or it expired. */
  find(key: string): Promise<(Requester & { readonly id: string }) | null>;
  /** True while the key with that id is valid. */
  isValid(id: string): Promise<boolean>;
  list(): Promise<KeyInfo[]>;
  /** Adds a key. @returns the key, which is shown once */
  add(key: NewKey): Promise<string>;
  /** Removes a key by its name or id. @returns false: there is none */
  revoke(name: string): Promise<boolean>;
}

const hashOf = (key: string) => createHash('sha256').update(key).digest();

const ownKey = { id: 'variable', name: 'PGMAGE_API_KEY', scopes: ['admin'], to: null } as const;

/**
 * Opens the keys of a data folder. The file is read again when it changes.
 * @param own the key of PGMAGE_API_KEY, which has all rights; null: there is none
 */
export function openKeyRing(folder: string, own: string | null, now: () => Date): KeyRing {
  return new KeyFile(folder, own, now);
}

class KeyFile implements KeyRing {
  readonly #folder: string;
  readonly #file: string;
  readonly #ownHash: Buffer | null;
  readonly #now: () => Date;
  readonly #used = new Map<string, string>();
  #known: { readonly stamp: string; readonly keys: readonly StoredKey[] } | null = null;

  constructor(folder: string, own: string | null, now: () => Date) {
    this.#folder = folder;
    this.#file = join(folder, 'keys.json');
    this.#ownHash = own === null ? null : hashOf(own);
    this.#now = now;
  }

  async find(key: string): Promise<(Requester & { readonly id: string }) | null> {
    const hash = hashOf(key);
    if (this.#ownHash !== null && timingSafeEqual(hash, this.#ownHash)) return ownKey;
    const id = /^pgm_([0-9a-f]{8})_/.exec(key)?.[1];
    const found = (await this.#read()).find((one) => one.id === id);
    if (found === undefined || !timingSafeEqual(hash, Buffer.from(found.hash, 'hex'))) return null;
    if (!this.#isCurrent(found)) return null;
    this.#used.set(found.id, this.#now().toISOString());
    return { id: found.id, name: found.name, scopes: found.scopes, to: found.to };
  }

  async isValid(id: string): Promise<boolean> {
    if (id === ownKey.id) return this.#ownHash !== null;
    return (await this.#read()).some((one) => one.id === id && this.#isCurrent(one));
  }

  async list(): Promise<KeyInfo[]> {
    const stored = (await this.#read()).map(({ id, name, scopes, to, createdAt, expiresAt }) => ({
      id,
      name,
      scopes: [...scopes],
      to: to === null ? null : [...to],
      createdAt,
      expiresAt,
      lastUsedAt: this.#used.get(id) ?? null,
    }));
    if (this.#ownHash === null) return stored;
    const { id, name, scopes } = ownKey;
    const own = { id, name, scopes: [...scopes], to: null };
    return [{ ...own, createdAt: null, expiresAt: null, lastUsedAt: null }, ...stored];
  }

  async add({ name, scopes, to, expiresAt }: NewKey): Promise<string> {
    const keys = await this.#read();
    if (keys.some((one) => one.name === name))
      throw new Problem('bad_option', { option: 'name', reason: `there is a key ${name} already` });
    const id = randomBytes(4).toString('hex');
    const key = `pgm_${id}_${randomBytes(32).toString('base64url')}`;
    const times = { createdAt: this.#now().toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
    await this.#write([...keys, { id, name, hash: hashOf(key).toString('hex'), scopes, to, ...times }]);
    return key;
  }

  async revoke(name: string): Promise<boolean> {
    const keys = await this.#read();
    const kept = keys.filter((one) => one.name !== name && one.id !== name);
    if (kept.length < keys.length) await this.#write(kept);
    return kept.length < keys.length;
  }

  #isCurrent({ expiresAt }: StoredKey): boolean {
    return expiresAt === null || new Date(expiresAt) > this.#now();
  }

  // Reads the file when it is another one than before.
  #read(): Promise<readonly StoredKey[]> {
    const file = this.#file;
    return whileReading(file, async () => {
      const found = await stat(file).catch((error: unknown) => {
        if (isMissing(error)) return null;
        throw error;
      });
      if (found === null) return [];
      const stamp = `${found.ino} ${found.mtimeMs} ${found.size}`;
      if (this.#known?.stamp !== stamp)
        this.#known = { stamp, keys: JSON.parse(await readFile(file, 'utf8')) as readonly StoredKey[] };
      return this.#known.keys;
    });
  }

  async #write(keys: readonly StoredKey[]): Promise<void> {
    await whileWriting(this.#file, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await replaceFile(this.#file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
    });
  }
}

/** True if a holder has a right. `admin` has all. */
export function hasScope({ scopes }: Pick<Requester, 'scopes'>, scope: KeyScope): boolean {
  return scopes.includes(scope) || scopes.includes('admin');
}
