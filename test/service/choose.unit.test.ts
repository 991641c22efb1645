// The choice of the next job keeps the order of each lane and the limits of each database.
import { expect, test } from 'vitest';
import { listStartable, mostReaders, type OpenJob } from '../../lib/service/choose.ts';

let made = 0;
function job(state: string, reads: string | null, writes: string | null, isDue = true): OpenJob {
  made += 1;
  return {
    id: `j${made}`,
    kind: writes ? 'clone' : 'verify',
    state,
    reads,
    writes,
    isDue,
    lane: writes ? `write-${writes}` : `read-${reads}`,
  };
}
const ids = (jobs: readonly OpenJob[]) => listStartable(jobs).map(({ id }) => id);

test('only the first waiting job of a lane may start', () => {
  const [first, second, other] = [
    job('waiting', null, 'a'),
    job('waiting', null, 'a'),
    job('waiting', 'b', null),
  ];
  expect(ids([first, second, other])).toEqual([first.id, other.id]);
});

test('a database has one writer, and none beside a reader', () => {
  expect(ids([job('running', 'x', 'a'), job('waiting', null, 'a')])).toEqual([]);
  expect(ids([job('cancelling', 'x', 'a'), job('waiting', 'y', 'a')])).toEqual([]);
  expect(ids([job('running', 'a', null), job('waiting', 'x', 'a')])).toEqual([]);
  expect(ids([job('running', 'x', 'a'), job('waiting', 'a', null)])).toEqual([]);
  // As the source of another job, it is read.
  expect(ids([job('running', 'a', 'b'), job('waiting', 'x', 'a')])).toEqual([]);
});

test('a database has at most four readers', () => {
  const readers = Array.from({ length: mostReaders }, () => job('running', 'a', null));
  const [next, writer] = [job('waiting', 'a', null), job('waiting', 'a', 'c')];
  expect(ids([...readers.slice(1), next])).toEqual([next.id]);
  expect(ids([...readers, next, writer])).toEqual([]);
});

test('a job that is not due lets later ones of its lane pass', () => {
  const [later, now] = [job('waiting', null, 'a', false), job('waiting', null, 'a')];
  expect(ids([later, now])).toEqual([now.id]);
});

test('a database is exported by one job at a time, while others read it', () => {
  const exporting = (state: string): OpenJob => ({
    ...job(state, 'a', null),
    kind: 'export',
    lane: 'export-a',
  });
  const [other, reader] = [exporting('waiting'), job('waiting', 'a', null)];
  expect(ids([exporting('running'), other, reader])).toEqual([reader.id]);
  expect(ids([job('running', 'a', 'b'), other])).toEqual([other.id]);
});
