// The guide of CI describes the scripts of the action: each variable that they read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(repository, path), 'utf8');

test.each(['action/plan.mjs', 'action/comment.mjs'])('the guide names each variable of %s', (script) => {
  const guide = read('docs/guides/ci-and-deploy.md');
  expect(guide).toContain(`\`${script}\``);
  const names = [...new Set(read(script).match(/\b(?:PGMAGE|GITHUB)_[A-Z_]+/g) ?? [])];
  expect(names.length).toBeGreaterThan(4);
  expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});
