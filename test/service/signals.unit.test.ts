// Ctrl-C in a terminal reaches a service twice where npm runs it, and once where nothing is between.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { catchSignals, type Stopping } from '../../lib/service/signals.ts';

let stopping: Stopping;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(process, 'kill').mockReturnValue(true);
  stopping = catchSignals();
});

afterEach(() => {
  stopping.release();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('an echo of the first signal ends no job, a second signal ends the process', async () => {
  process.emit('SIGINT');
  await stopping.asked;
  vi.advanceTimersByTime(100);
  process.emit('SIGINT');
  expect(process.listenerCount('SIGINT')).toBe(1);
  expect(process.kill).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  process.emit('SIGINT', 'SIGINT');
  expect(process.kill).toHaveBeenCalledWith(process.pid, 'SIGINT');
  expect(process.listenerCount('SIGINT')).toBe(0);
});
