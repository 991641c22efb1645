// Control characters in text for a terminal, a log or a document. Names and texts of a database can hold
// anything. Everywhere, such a character is shown as U+FFFD, by these functions alone.

// Controls of C0 and C1, marks that turn the direction of text (Unicode: Bidirectional Algorithm), other line
// ends, and what is no character (XML 1.0, section 2.2).
const controls =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f' +
  '\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufffe\\uffff';
// Bold, dim, the six colours and their ends: none of them can hide text, move the cursor or change the
// terminal.
const colour = '\\u001b\\[(?:1|2|22|3[1-6]|39)m';
const inText = new RegExp(`(${colour})|[${controls}]`, 'g');
const inLine = new RegExp(`[\\n${controls}]`, 'g');
const colours = new RegExp(colour, 'g');

const mark = '\ufffd';
const shown = (_: string, own?: string) => own ?? mark;

/**
 * Makes a text of one line, such as a name, safe to print: each control character becomes U+FFFD, colours
 * too.
 */
export function makeLegible(line: string): string {
  return line.replace(inLine, mark).replaceAll('##[', '## [');
}

/** A text without colours. */
export function stripColours(text: string): string {
  return text.replace(colours, '');
}

/** A text of several lines as it may go to a terminal. */
export function makeTextLegible(text: string): string {
  return text.replace(inText, shown);
}

/**
 * A text of several lines as it may go to a log. No line of it begins with `::` or holds `##[`, which
 * GitHub's runner takes for a command (GitHub's manual: Workflow commands).
 * @param coloured whether it is read on a terminal
 */
export function makeLogLegible(text: string, coloured: boolean): string {
  const clean = makeTextLegible(coloured ? text : stripColours(text));
  return clean.replace(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '## [');
}
