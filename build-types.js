// The declarations of the library, so that TypeScript accepts them in an ES module and in CommonJS, also without
// `skipLibCheck`.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Writes the declarations that `lib/index.ts` needs.
 * @param root the repository
 * @param folder the folder for them
 * @returns a file of each package whose declarations are among them
 */
export function buildTypes(root, folder) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], {
    cwd: root,
    stdio: 'inherit',
  });
  // TypeScript in a CommonJS package refuses to require() the types of an ES module (TS1479), although Node does it.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  const zx = join(root, 'node_modules/zx/build');
  mkdirSync(join(folder, 'zx'));
  for (const name of readdirSync(zx).filter((one) => one.endsWith('.d.ts')))
    copyFileSync(join(zx, name), join(folder, 'zx', name));
  const needed = new Set();
  keep(join(folder, 'lib/index.d.ts'), needed);
  for (const path of readdirSync(folder, { recursive: true }))
    if (path.endsWith('.d.ts') && !needed.has(path)) rmSync(join(folder, path));
  return ['node_modules/zx/build/core.d.ts'];

  function keep(file, known) {
    const name = relative(folder, file);
    if (known.has(name)) return;
    known.add(name);
    const text = forUsers(readFileSync(file, 'utf8'));
    writeFileSync(file, text);
    for (const [, path] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.[tj]s['"]/g)) {
      const next = join(dirname(file), `${path}.d.ts`);
      if (!existsSync(next)) throw new Error(`${name} imports ${path}, which has no declarations`);
      keep(next, known);
    }
  }
}

// The driver is bundled, so its types are not there; only parts of pgmage that no program calls name it. The types of zx
// are those of an ES module, and name a package that zx does not bring along.
const forUsers = (text) =>
  text
    .replace("import type { Client } from 'pg';", 'type Client = unknown;')
    .replace("from 'zx';", "from '../../zx/core.js';")
    .replace('/// <reference types="fs-extra" />\n', '');
