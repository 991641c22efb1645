// Keeps GitHub's Markdown from making links of names and comments.

// A comment of HTML is the only thing that keeps them apart: addresses are looked for when entities and
// escapes have been read. Where a line begins with one, the line would be HTML.
const apart = '<!-- -->';
const [at, colon, slash, dot] = ['(?:@|&#64;)', '(?:[:]|&#58;)', '(?:/|&#47;)', '(?:\\.|&#46;)'];
const beginnings = new RegExp(`${at}|${colon}(?=${slash}{2})|\\bwww(?=${dot})`, 'gi');

/**
 * An escaped text in which `www.`, `://` and `@` begin no link (GFM, section 6.9: Autolinks).
 * @param markdown its characters may be entities in decimal
 */
export function separateAutolinks(markdown: string): string {
  return markdown.replace(beginnings, `$&${apart}`);
}
