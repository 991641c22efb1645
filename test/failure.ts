// What a work fails with, for tests of what goes wrong.
import { expect } from 'vitest';
import { Problem } from '../lib/problem/problem.ts';

/** The Problem that a work throws; that it throws one, and nothing else, is part of the test. */
export async function failure(work: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Problem);
  return thrown as Problem;
}
