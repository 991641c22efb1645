// Names of types are identifiers, each its own; texts cannot leave their comment or literal.
import { expect, test } from 'vitest';
import { keyOfPath, renderComment, TypeNames, toLiteral, toProperty } from '../../lib/schema-types/names.ts';

test('each object gets an identifier of its own', () => {
  const names = new TypeNames();
  const took = (schema: string, name: string) => names.take([schema, name], ['Insert']);
  expect(took('public', 'user_logins')).toBe('UserLogins');
  expect(took('public', 'UserLogins')).toBe('PublicUserLogins');
  expect(took('public', 'user logins')).toBe('PublicUserLogins2');
  expect(took('audit', 'log')).toBe('AuditLog');
  expect(took('public', 'audit_log')).toBe('PublicAuditLog');
  expect(took('public', 'date')).toBe('PublicDate');
  expect(took('public', '2fa')).toBe('_2fa');
  expect(took('public', '*/')).toBe('_');
  expect(took('public', '')).toBe('Public');
  expect(took('public', 'новое')).toBe('Новое');
  // `a_insert` would be the same as the new row of `a`.
  expect(took('public', 'a')).toBe('A');
  expect(took('public', 'a_insert')).toBe('PublicAInsert');
});

test('keys of different objects differ', () => {
  expect(keyOfPath(['public', 'users'])).toBe('users');
  expect(keyOfPath(['audit', 'log'])).toBe('audit.log');
  expect(keyOfPath(['public', 'audit.log'])).toBe('"audit.log"');
  expect(keyOfPath(['public', '"audit.log"'])).toBe('"""audit.log"""');
});

test('texts stay inside of their quotes and comments', () => {
  expect(toProperty('id')).toBe('id');
  expect(toProperty("it's\n\u202e")).toBe("'it\\'s\\n\\u{202e}'");
  expect(toLiteral('a\\')).toBe("'a\\\\'");
  expect(renderComment('', null)).toEqual([]);
  expect(renderComment('', 'a */ b')).toEqual(['/** a *\\/ b */']);
  expect(renderComment('  ', 'a\r\nb *', null, 'c')).toEqual([
    '  /**',
    '   * a',
    '   * b *',
    '   * c',
    '   */',
  ]);
  expect(renderComment('', 'a\u2028*/')).toEqual(['/** a\\u{2028}*\\/ */']);
});
