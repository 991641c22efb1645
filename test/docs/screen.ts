// The screen of a terminal as SVG: text with the colours of its escape sequences.

/** A piece of a line in one style. */
interface Run {
  readonly text: string;
  readonly style: string;
}

const colours = ['#6e7681', '#ff7b72', '#7ee787', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#e6edf3'];
const [lineHeight, charWidth, columns] = [18, 8.4, 80];

/** Draws lines with SGR sequences (ECMA-48, 8.3.117), 80 columns wide. */
export function drawScreen(text: string): string {
  const lines = runsOf(text);
  const [width, height] = [Math.ceil(columns * charWidth) + 32, lines.length * lineHeight + 56];
  const rows = lines.map((runs, index) => {
    const spans = runs.map(({ text: words, style }) =>
      style === '' ? escaped(words) : `<tspan style="${style}">${escaped(words)}</tspan>`,
    );
    return `<text x="16" y="${52 + index * lineHeight}" xml:space="preserve">${spans.join('')}</text>`;
  });
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `<circle cx="${20 + index * 18}" cy="18" r="5.5" fill="${fill}"/>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img"`,
    '  aria-label="A terminal: db:status says that the database is out of sync, db:sync applies a migration"',
    '  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">',
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    ...dots,
    ...rows,
    '</svg>',
  ].join('\n')}\n`;
}

/** The text of a drawn screen, line by line. */
export function textOf(svg: string): string[] {
  const lines = svg.match(/<text [\s\S]*?<\/text>/g) ?? [];
  return lines.map((line) =>
    line
      .replace(/<[^>]*>/g, '')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&amp;/g, '&'),
  );
}

function runsOf(text: string): Run[][] {
  let [colour, bold, dim] = ['', false, false];
  return text.split('\n').map((line) => {
    const runs: Run[] = [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes === undefined) {
        const style = [
          ...(colour === '' ? [] : [`fill:${colour}`]),
          ...(bold ? ['font-weight:bold'] : []),
          ...(dim ? ['opacity:0.65'] : []),
        ];
        if (part !== '') runs.push({ text: part, style: style.join(';') });
        continue;
      }
      for (const code of codes === '' ? [0] : codes.split(';').map(Number)) {
        if (code === 0) [colour, bold, dim] = ['', false, false];
        else if (code === 1) bold = true;
        else if (code === 2) dim = true;
        else if (code === 22) [bold, dim] = [false, false];
        else if (code === 39) colour = '';
        else if (code >= 30 && code <= 37) colour = colours[code - 30] as string;
        else if (code >= 90 && code <= 97) colour = colours[code - 90] as string;
      }
    }
    return runs;
  });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
