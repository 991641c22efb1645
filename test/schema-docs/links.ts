// The links of documents, and where they lead.

/** The ids in a file. */
export const idsIn = (text: string): string[] =>
  [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id as string);

/** The targets of the links in a file: of Markdown, or of HTML and SVG. Code has none. */
export function linksIn(name: string, text: string): string[] {
  const found = name.endsWith('.md')
    ? text.replace(/`[^`\n]*`/g, '').matchAll(/(?<!\\)\]\(([^)\s]+)\)/g)
    : text.matchAll(/ href="([^"]*)"/g);
  return [...found].map(([, link]) => link as string);
}

/** The links of files that lead nowhere, and the ids that are twice in one file. */
export function findBrokenLinks(files: ReadonlyMap<string, string>): string[] {
  const ids = new Map([...files].map(([name, text]) => [name, new Set(idsIn(text))]));
  return [...files].flatMap(([name, text]) => {
    const all = idsIn(text);
    const twice = all.length === ids.get(name)?.size ? [] : [`${name}: an id is there twice`];
    const broken = linksIn(name, text).filter((link) => {
      const [file = '', id] = link.split('#');
      const found = ids.get(file === '' ? name : file);
      return found === undefined || (id !== undefined && !found.has(id));
    });
    return [...twice, ...broken.map((link) => `${name}: ${link} leads nowhere`)];
  });
}
