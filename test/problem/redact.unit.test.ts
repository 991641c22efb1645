// Passwords in SQL are hidden, and the text around them is not.
import { describe, expect, test } from 'vitest';
import { redact, redactSql } from '../../lib/problem/redact.ts';

describe('a password is hidden', () => {
  const hidden: Readonly<Record<string, string>> = {
    'of a role': "alter role a password 'secret'",
    'of a role, behind line ends': "alter role a\n  password\n  'secret\nsecret'",
    'of a role, in dollar quotes': 'alter role a password $x$secret$x$',
    'of a role, in a body': "do $$ begin alter role a password 'secret'; end $$",
    'of a role, with quotation marks': "alter role a password 'secret''secret'",
    'of a role, with escapes': "alter role a password E'secret\\'secret' valid until 'infinity'",
    'of an option in quotes': 'create user mapping for a server s options ("password" \'secret\')',
    'of an option': "alter server s options (set api_key 'secret', add token 'secret')",
    'of a subscription': "create subscription s connection 'host=h password=secret--secret' publication p",
    'of a connection in a body':
      "create function f() returns void language sql as $f$ select dblink('password=secret user=a', '') $f$",
    'of a connection, with doubled quotes': "select dblink('host=h password=''secret secret'' user=a', '')",
    'of a connection, with doubled quotes and a blank':
      "create subscription s connection 'password='' secret '' host=h' publication p",
    'of a connection, with an escaped quote': "select dblink('password=''x\\''secret y'' user=a', '')",
    'of a connection, with quotes doubled twice':
      "execute 'select dblink(''host=h password=''''secret secret'''' user=a'')'",
    'of a role, in a text': "execute 'alter role a password ''secret secret'''",
    'of a role, in a text with an escape': "execute 'alter role a password E''secret secret'''",
    'of a URL': "select dblink('postgres://a:se--cret@h/d')",
    'in a comment': "-- password = 'secret phrase\nselect 1",
    'in a comment over two lines': "/* password 'secret\nsecret' */ select 1",
    'behind a comment with a quotation mark': "-- it's\nalter role a password 'secret'",
    'behind a text with dashes': "select '--', 1; alter role a password 'secret'",
    'behind a name with a quotation mark': `select 1 as "it's"; alter role a password 'secret'`,
    'behind an apostrophe in a comment without a blank':
      "create table t (a int--the user's id\n);\ncreate role a password 'secret secret';",
    'behind an apostrophe in a nested comment':
      "/* a /* b */ don't */ create role a password 'secret secret'",
    'behind two of them':
      "create table t (a int--it's\n, b int--it's\n); create role a password 'secret secret'",
    'in a text that was cut': "s id'; create role a password 'secret secret'",
    'behind an apostrophe, with escapes': "select 1--it's\n; create role a password E'secret secret'",
    'behind an apostrophe, of a connection': "select 1--it's\n; select 'password=''secret secret'' user=a'",
    'behind a body with a quotation mark': "comment on table t is $$it's$$; alter role a password 'secret'",
  };
  test.each(Object.entries(hidden))('%s', (_, sql) => {
    expect(redactSql(sql)).toMatch(/\*{3}|a@h/);
    expect(redactSql(sql)).not.toMatch(/se-*cret/);
    expect(redact(sql)).not.toMatch(/se-*cret/);
  });
});

describe('other text stays', () => {
  const shown: Readonly<Record<string, string>> = {
    'behind a comment': "-- the user's password = 'old\nupdate t set a = 'x';",
    'behind a comment in a body': 'do $$ begin\n  -- the password = "new\n  raise notice \'%\', "a"; end $$',
    'behind a text': "raise notice 'enter the password ';\n  x := 'y';",
    'behind an empty text': "select '' where password = '' and name = 'x'",
    'behind a text that ends in a sign': "select 'password = ' || quote_literal(a),\n 'b' || 'c'",
  };
  const expected: Readonly<Record<string, string>> = {
    'behind an empty text': "select '' where password = *** and name = 'x'",
    'behind a comment': "-- the user's password = ***\nupdate t set a = 'x';",
    'behind a comment in a body': 'do $$ begin\n  -- the password = ***\n  raise notice \'%\', "a"; end $$',
  };
  test.each(Object.entries(shown))('%s', (name, sql) => {
    expect(redactSql(sql)).toBe(expected[name] ?? sql);
  });
});
