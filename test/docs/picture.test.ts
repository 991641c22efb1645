// The picture of README shows what its commands print today.
import { expect, test, vi } from 'vitest';
import { read } from './markdown.ts';
import { hasTerminal, recordScreen } from './recording.ts';
import { drawScreen } from './screen.ts';

vi.setConfig({ testTimeout: 300_000 });

// Versions of migrations are times, and a file is older on a busy machine.
const stable = (svg: string) =>
  svg.replace(/\b\d{17}_/g, 'VERSION_').replace(/\(modified [^)]*\)/g, '(modified …)');

test('a picture that is recorded now is docs/terminal.svg, but for times; if not: npm run docs:picture', async () => {
  if (!hasTerminal()) {
    process.stdout.write(
      'NOT RUN: the picture of a terminal is not recorded again. tmux is not installed.\n',
    );
    return;
  }
  const now = stable(drawScreen(await recordScreen()));
  expect(now.split('\n')).toEqual(stable(read('docs/terminal.svg')).split('\n'));
});
