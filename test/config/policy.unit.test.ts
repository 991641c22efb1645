// A malformed policy is refused with the name of the key; a well-formed one is taken as it is.
import { expect, test } from 'vitest';
import { checkConfig } from '../../lib/config/check.ts';
import { Problem } from '../../lib/problem/problem.ts';

function reasonOf(policy: unknown): string {
  try {
    checkConfig({ policy }, 'pgmage.config.ts');
    return 'taken';
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.code !== 'bad_config') throw thrown;
    return thrown.message.replace('Invalid configuration in pgmage.config.ts: ', '');
  }
}

const levels = 'must be allow, warn or deny';
const size = 'must be a size such as 100MB';

test.each([
  [null, 'policy must be an object'],
  ['deny', 'policy must be an object'],
  [['deny'], 'policy must be an object'],
  [{ deletes_data: null }, `policy.deletes_data ${levels}`],
  [{ deletes_data: true }, `policy.deletes_data ${levels}`],
  [{ deletes_data: ['deny'] }, `policy.deletes_data ${levels}`],
  [{ deletes_data: 'denny' }, `policy.deletes_data ${levels}; did you mean deny?`],
  [{ deletes_data: 'Warn' }, `policy.deletes_data ${levels}; did you mean warn?`],
  [{ deletes_data: {} }, 'policy.deletes_data must have level or over'],
  [{ deletes_data: { level: undefined } }, 'policy.deletes_data must have level or over'],
  [{ deletes_data: { level: null } }, `policy.deletes_data.level ${levels}`],
  [{ deletes_data: { level: 'dney' } }, `policy.deletes_data.level ${levels}; did you mean deny?`],
  [{ deletes_data: { over: null, level: 'deny' } }, `policy.deletes_data.over ${size}`],
  [{ deletes_data: { over: 100, level: 'deny' } }, `policy.deletes_data.over ${size}`],
  [{ deletes_data: { over: '-1GB', level: 'deny' } }, `policy.deletes_data.over ${size}`],
  [{ deletes_data: { over: '1 gigabyte', level: 'deny' } }, `policy.deletes_data.over ${size}`],
  [{ deletes_data: { over: '100', level: 'deny' } }, `policy.deletes_data.over ${size}`],
  [{ deletes_data: { over: '', level: 'deny' } }, `policy.deletes_data.over ${size}`],
  [{ rules: null }, 'policy.rules must be an object'],
  [{ rules: { primary_key: null } }, `policy.rules.primary_key ${levels}`],
  [{ rules: { primary_key: 'error' } }, `policy.rules.primary_key ${levels}`],
  [{ rules: { naming: { pattern: '(' } } }, 'policy.rules.naming.pattern must be a regular expression'],
  [{ rules: { required_columns: { columns: 'id' } } }, /columns must be a list of strings$/],
  [{ rules: { mine: { check: 'no' } } }, 'policy.rules.mine.check must be a function'],
  [
    { rules: { naming: { patern: 'x' } } },
    /^policy\.rules\.naming\.patern is unknown; did you mean pattern\?/,
  ],
  [{ deletes_dat: 'deny' }, /^policy\.deletes_dat is unknown; did you mean deletes_data\?/],
  [{ deletes_data: { ovr: '1GB' } }, /^policy\.deletes_data\.ovr is unknown; did you mean over\?/],
  [{ after: 20260101 }, 'policy.after must be a string'],
])('refused: %j', (policy, reason) => {
  if (typeof reason === 'string') expect(reasonOf(policy)).toBe(reason);
  else expect(reasonOf(policy)).toMatch(reason);
});

test.each([
  {},
  { deletes_data: 'deny' },
  { deletes_data: undefined },
  { deletes_data: { level: 'warn' } },
  { deletes_data: { over: '0B' } },
  { deletes_data: { over: '1.5 gb', level: 'deny' } },
  { rules: { primary_key: 'deny', naming: { pattern: '^a' }, mine: () => [] } },
])('taken: %j', (policy) => {
  expect(reasonOf(policy)).toBe('taken');
});
