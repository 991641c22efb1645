// Two databases, and a role without superuser rights that clones and restores from one to the other.
import { expect } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import { backupProject } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { type Database, rowsOf, withPair } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';
import { cloned, contextOf, wholeOf } from './cloning.ts';

/** A source, and a target of a role that is no superuser. */
export interface Scene {
  readonly source: Database;
  readonly target: Database;
  /** The owner of the target, which is no superuser. */
  readonly role: string;
  /** The target's URL, as that role. */
  readonly url: string;
  /** Another role, which owns objects of the source. */
  readonly other: string;
}

let made = 0;

/** Makes two databases and two roles for a test. */
export async function withRoles(server: Server, use: (scene: Scene) => Promise<void>): Promise<void> {
  made += 1;
  const [role, other] = [`cloning_${process.pid}_${made}`, `owning_${process.pid}_${made}`];
  await rowsOf(server.socket(), `create role ${role} login password 'x'; create role ${other}`);
  try {
    await withPair(server, server, async (source, target) => {
      await rowsOf(server.socket(), `alter database ${target.name} owner to ${role}`);
      const url = new URL(target.url);
      url.username = role;
      url.password = 'x';
      await use({ source, target, role, url: url.href, other });
    });
  } finally {
    await rowsOf(server.socket(), `drop role ${role}, ${other}`);
  }
}

/** The faults that a clone as the role is refused with, which changes nothing. */
export async function faultsOf(
  { source, target, url }: Scene,
  input: CloneInput = {},
): Promise<readonly string[]> {
  const before = await wholeOf(target.socket);
  const refused = await failure(cloned(contextOf(source.socket, url), input));
  expect([refused.code, refused.message]).toEqual(['clone_refused', expect.any(String)]);
  expect(await wholeOf(target.socket)).toEqual(before);
  const { faults } = refused.data as unknown as { faults: readonly string[] };
  return faults.map((fault) => fault.replaceAll(' target', ' NAME'));
}

/** The reasons that a restore of a backup of the source is refused with. */
export async function reasonsOf({ source, target, url }: Scene, noOwner = false): Promise<readonly string[]> {
  const own = backupProject({ prod: source.socket, copy: url });
  const before = await wholeOf(target.socket);
  const { file } = await backup(own.context, { format: 'native' });
  const input = { to: 'copy', yes: true, force: true, noOwner };
  const refused = await failure(restore(own.context, file, input, undefined));
  own.drop();
  expect([refused.code, refused.message]).toEqual(['unfit_target', expect.any(String)]);
  expect(await wholeOf(target.socket)).toEqual(before);
  const { reasons } = refused.data as unknown as { reasons: readonly string[] };
  return reasons.map((reason) => reason.replaceAll(' copy', ' NAME'));
}
