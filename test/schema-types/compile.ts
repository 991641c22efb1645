// Compiles type files by `tsc --strict`, beside a declaration of the parts of Kysely that they import.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');

// As in Kysely 0.29, column-type.d.ts.
const kysely = `declare module 'kysely' {
  export type ColumnType<S, I = S, U = S> = { readonly __select__: S; readonly __insert__: I; readonly __update__: U };
  export type Generated<S> = ColumnType<S, S | undefined, S>;
  export type GeneratedAlways<S> = ColumnType<S, never, never>;
  type Part<T, K extends '__select__' | '__insert__' | '__update__'> = T extends ColumnType<any, any, any> ? T[K] : T;
  type Kept<R, K extends '__select__' | '__insert__' | '__update__'> = {
    [N in keyof R as [Part<R[N], K>] extends [never] ? never : N]: Part<R[N], K>;
  };
  type Optional<T> = { [N in keyof T as null extends T[N] ? N : undefined extends T[N] ? N : never]?: T[N] } & {
    [N in keyof T as null extends T[N] ? never : undefined extends T[N] ? never : N]: T[N];
  };
  export type Selectable<R> = Kept<R, '__select__'>;
  export type Insertable<R> = Optional<Kept<R, '__insert__'>>;
  export type Updateable<R> = Partial<Kept<R, '__update__'>>;
}
`;

/** What the compiler has against files, line by line; nothing where all compile. */
export async function compileStrictly(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-types-'));
  try {
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [name, text] of Object.entries({ ...files, 'kysely.d.ts': kysely }))
      writeFileSync(join(folder, name), text);
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    const options = '--strict --noEmit --target es2022 --module nodenext --types node --skipLibCheck false';
    const names = [...Object.keys(files), 'kysely.d.ts'];
    const args = [tsc, ...options.split(' '), '--pretty', 'false', ...names];
    return await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: folder }, (_, out, errors) =>
        resolve(`${out}${errors}`.split('\n').filter((line) => line !== '')),
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
