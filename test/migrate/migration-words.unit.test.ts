// The words in the name of a migration file.
import { expect, test } from 'vitest';
import { nameMigration } from '../../lib/migrate/migration-words.ts';
import type { Rename } from '../../lib/plan/renames.ts';

const name = (text: string, from: readonly string[], to: string, more = 0) => {
  const none = { fact: '', up: [], down: [], old: null, new: null };
  const rename: Rename = { kind: 'kind', text, from, to: [...from.slice(0, -1), to], ...none };
  const change = {
    standing: 'different',
    kind: 'kind',
    facts: ['x'],
    text,
    part: null,
    attributes: [],
  } as const;
  return nameMigration({ changes: Array.from({ length: more + 1 }, () => change), up: [] }, [rename]);
};

test('a rename has both names', () => {
  expect(name('COLUMN public.users.name', ['public', 'users', 'name'], 'full_name')).toBe(
    'rename column users.name to full_name',
  );
  expect(name('TABLE app.t', ['app', 't'], 'u', 2)).toBe('rename table app.t to u and 2 more');
  expect(name('SCHEMA public', ['public'], 'core')).toBe('rename schema public to core');
  expect(name("TYPE public.mood 'ok'", ['public', 'mood', 'ok'], 'fine')).toBe('rename type mood.ok to fine');
  expect(name('FUNCTION public.f(integer)', ['public', 'f'], 'g')).toBe('rename function f to g');
  expect(name('MATERIALIZED VIEW public.m', ['public', 'm'], 'n')).toBe('rename materialized view m to n');
  expect(name('CONSTRAINT c ON public.t', ['public', 't', 'c'], 'd')).toBe('rename constraint t.c to d');
});
