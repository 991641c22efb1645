// `npm run docs:generate`: writes the generated parts of the documents.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generated } from './generate.ts';
import { read, repository } from './markdown.ts';

for (const [path, text] of await generated()) {
  if (existsSync(join(repository, path)) && read(path) === text) continue;
  writeFileSync(join(repository, path), text);
  process.stdout.write(`${path}\n`);
}
