// The picture of README: its text is that of the terminal, its commands are those of README.
import { expect, test } from 'vitest';
import { read } from './markdown.ts';
import { drawScreen, textOf } from './screen.ts';

test('a screen is drawn with its colours, and its text can be read again', () => {
  const svg = drawScreen('$ a < b\n\u001b[1;31mred\u001b[0m plain \u001b[32mgreen\u001b[39m');
  expect(textOf(svg)).toEqual(['$ a < b', 'red plain green']);
  expect(svg).toContain('<tspan style="fill:#ff7b72;font-weight:bold">red</tspan> plain ');
  expect(svg).toContain('<tspan style="fill:#7ee787">green</tspan>');
});

test('the picture shows the commands of README, in at most 80 columns', () => {
  const lines = textOf(read('docs/terminal.svg'));
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  const commands = lines.filter((line) => line.startsWith('$ npx')).map((line) => line.slice(2));
  expect(commands).toEqual([
    'npx pgmage db:status',
    'npx pgmage db:sync',
    expect.stringContaining('--check'),
  ]);
  for (const command of commands.slice(0, 2)) expect(read('README.md')).toContain(command);
  for (const text of ['Status: OUT OF SYNC', 'Status: IN SYNC', '(y/N) · yes', 'Applied '])
    expect(lines.join('\n')).toContain(text);
});
