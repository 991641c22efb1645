// The parts of reports: differences of texts, ages, cut and wrapped lines, bars, and annotations.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { annotationsText } from '../../lib/report/annotations.ts';
import { barText } from '../../lib/report/bar.ts';
import { cutLine, formatAge } from '../../lib/report/format.ts';
import { statementLines } from '../../lib/report/hazards.ts';
import { diffLines, formatUnified } from '../../lib/report/lines.ts';
import { wrapText } from '../../lib/report/wrapped.ts';

describe('differences of texts', () => {
  const told = (before: string, after: string) =>
    diffLines(before, after).map(({ sign, text }) => sign + text);

  test('only what differs is taken out and put in', () => {
    expect(told('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c']);
    expect(told('a\nc', 'a\nb\nc')).toEqual([' a', '+b', ' c']);
    expect(told('a\na', 'a')).toEqual([' a', '-a']);
  });

  test('from its lines each text can be read again', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        const without = (sign: string) =>
          lines
            .filter((line) => line.sign !== sign)
            .map((line) => line.text)
            .join('\n');
        expect([without('+'), without('-')]).toEqual([before, after]);
      }),
    );
  });

  test('what is far from a change is left out, and the place is told', () => {
    const before = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`);
    const after = before.map((line, at) => (at === 9 ? 'other' : line));
    expect(formatUnified(before.join('\n'), after.join('\n'), 1)).toEqual([
      '@@ line 9 @@',
      ' line 9',
      '-line 10',
      '+other',
      ' line 11',
    ]);
    expect(formatUnified('a', 'a')).toEqual([]);
  });

  test('texts that have nothing in common are exchanged, however long they are', () => {
    const [before, after] = ['x\n'.repeat(3000), 'y\n'.repeat(3000)];
    const lines = diffLines(before, after);
    expect(lines.filter(({ sign }) => sign === '-')).toHaveLength(3000);
    expect(lines.filter(({ sign }) => sign === '+')).toHaveLength(3000);
  });
});

describe('times', () => {
  const now = new Date('2026-01-10T12:00:00Z');

  test.each<[string, string]>([
    ['2026-01-10T11:59:30Z', 'just now'],
    ['2026-01-10T11:59:00Z', '1 minute ago'],
    ['2026-01-10T10:00:01Z', '1 hour ago'],
    ['2026-01-10T10:00:00Z', '2 hours ago'],
    ['2026-01-08T11:00:00Z', '2 days ago'],
    ['2026-01-11T12:00:00Z', 'just now'],
  ])('%s is %s', (then, wanted) => {
    expect(formatAge(new Date(then), now)).toBe(wanted);
  });
});

describe('lines', () => {
  test('a line that is too long ends with an ellipsis and fits', () => {
    expect(cutLine('abcdef', { width: 4 })).toBe('abc…');
    expect(cutLine('abcd', { width: 4 })).toBe('abcd');
    expect(cutLine('abcdef', { width: 4, uncut: true })).toBe('abcdef');
  });

  test('it is cut between characters, not inside one', () => {
    expect(cutLine('😀😀😀', { width: 2 })).toBe('😀…');
  });

  test('a name cannot begin a new line or colour it', () => {
    expect(cutLine('a\nb\u001b[31mc', { width: 80 })).toBe('a\ufffdb\ufffd[31mc');
  });

  test('a long statement with its size goes on in the next line, and loses nothing', () => {
    const sql = `ALTER TABLE public.a ALTER COLUMN b TYPE ${'very '.repeat(30)}long`;
    const table = { name: 'a', rows: 5000, bytes: 310 * 2 ** 20 };
    const paper = { width: 60, colour: false, now: new Date() };
    const lines = statementLines({ sql, table }, paper);
    expect(lines.every((line) => line.length <= 60)).toBe(true);
    expect(lines.join(' ').replace(/ +/g, ' ')).toBe(` ${sql} (a: about 5,000 rows, 310 MB)`);
    expect(statementLines({ sql, table }, { ...paper, uncut: true })).toHaveLength(1);
    // The size is not broken.
    const exact = `DROP TABLE ${'a'.repeat(40)}`;
    expect(statementLines({ sql: exact, table }, paper)).toEqual([
      `  ${exact}`,
      '    (a: about 5,000 rows, 310 MB)',
    ]);
  });

  test('a wrapped line has no blanks at its end', () => {
    expect(wrapText('  aaaa  bbbb', { width: 8 })).toEqual(['  aaaa', '    bbbb']);
  });

  test('a bar fits every terminal', () => {
    const share = (done: number) => ({ done, of: 100 * 2 ** 20 });
    const progress = {
      doing: 'copying',
      name: 'public.a_rather_long_name_of_a_table',
      own: share(2 ** 20),
      all: share(50 * 2 ** 20),
      rate: 2 ** 20,
      secondsLeft: 3700,
    };
    for (const width of [40, 80, 120, 200]) expect([...barText(progress, width)].length).toBeLessThan(width);
    expect(barText(progress, 120)).toContain('1:01:40 left');
    expect(barText(progress, 120)).toContain('50%');
  });
});

describe('annotations', () => {
  test('a message with line ends is one line, and its marks are escaped', () => {
    const text = annotationsText([
      { title: 'a: b, c', message: '100%\nnext', where: { file: 'x.sql', line: 2, column: 3, text: '' } },
    ]);
    expect(text).toBe('::error title=a%3A b%2C c,file=x.sql,line=2,col=3::100%25%0Anext');
  });

  test('a message cannot begin another command', () => {
    const [line, ...more] = annotationsText([{ title: 't', message: 'x\n::set-output name=a::b' }]).split(
      '\n',
    );
    expect(more).toEqual([]);
    expect(line?.startsWith('::error title=t::')).toBe(true);
  });
});
