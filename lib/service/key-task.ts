// `pgmage serve:key`: adds, lists and revokes API keys, also while the service runs.
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import type { World } from '../project/world.ts';
import { openKeyRing } from './keys.ts';
import type { KeyInfo, KeyScope } from './schemas.ts';
import { dataFolder } from './settings.ts';

/** The options of `serve:key`. */
export interface KeyTaskInput {
  readonly what: 'add' | 'list' | 'revoke';
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly to?: readonly string[];
  readonly days?: number;
  readonly data?: string;
}

/** The report of `serve:key`. */
export interface KeyTaskReport {
  /** The new key, which is shown only here; null: none was added. */
  readonly added: string | null;
  readonly keys: readonly KeyInfo[];
}

const scopes: readonly string[] = ['read', 'run', 'write', 'download', 'admin'];

/** Does what the options say. @throws Problem `bad_option`, `unwritable_file` */
export async function manageKeys(
  project: Project & Pick<World, 'now'>,
  input: KeyTaskInput,
): Promise<KeyTaskReport> {
  const ring = openKeyRing(dataFolder(project, input), null, () => project.now());
  let added: string | null = null;
  if (input.what === 'add') added = await ring.add(describeKey(project.now(), input));
  if (input.what === 'revoke' && !(await ring.revoke(nameOf(input))))
    throw new Problem('bad_option', { option: 'name', reason: `there is no key ${input.name}` });
  return { added, keys: await ring.list() };
}

function describeKey(now: Date, { scope, to, days, name }: KeyTaskInput) {
  const wanted = (scope ?? ['read']).flatMap((one) => one.split(',')).map((one) => one.trim());
  const unknown = wanted.find((one) => !scopes.includes(one));
  if (unknown !== undefined)
    throw new Problem('bad_option', { option: '--scope', reason: `${unknown} is not ${scopes.join(', ')}` });
  if (days !== undefined && !(days > 0))
    throw new Problem('bad_option', { option: '--days', reason: 'it must be above 0' });
  return {
    name: nameOf({ name }),
    scopes: wanted as KeyScope[],
    to: to === undefined ? null : to.flatMap((one) => one.split(',')),
    expiresAt: days === undefined ? null : new Date(now.getTime() + days * 86_400_000),
  };
}

function nameOf({ name }: { readonly name?: string | undefined }): string {
  if (name !== undefined && /^[\w.-]{1,60}$/.test(name)) return name;
  throw new Problem('bad_option', { option: 'name', reason: 'give a name of letters, digits, - and _' });
}

/** The report as text. */
export function keysText({ added, keys }: KeyTaskReport): string {
  const lines = keys.map(
    ({ name, scopes: rights, to, expiresAt }) =>
      `${name}: ${rights.join(', ')}${to === null ? '' : `; only to ${to.join(', ')}`}` +
      (expiresAt === null ? '' : `; until ${expiresAt}`),
  );
  const list = lines.length === 0 ? ['No API keys.'] : lines;
  return [...(added === null ? [] : [added, 'Keep it: pgmage does not show it again.', '']), ...list].join(
    '\n',
  );
}
