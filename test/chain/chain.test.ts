// A short chain of generated migrations; `npm run chain` walks long ones.
import { expect, test } from 'vitest';
import { anyServer } from '../servers/running.ts';
import { walkChain } from './walk.ts';

test('a chain of migrations is the same there, back to its middle and there again', async () => {
  const { migrations, compared, failures } = await walkChain(anyServer(), { seed: 1, length: 8 });
  expect(failures).toEqual([]);
  expect(migrations).toBeGreaterThanOrEqual(8);
  expect(compared).toBeGreaterThanOrEqual(6);
}, 900_000);
