// The tables in the language of Mermaid (its manual: Entity Relationship Diagrams).
import { keyOf, type PictureTable } from './picture.ts';

// GitHub refuses larger texts and more links (Mermaid's settings maxTextSize and maxEdges).
const mostBytes = 40_000;
const mostLinks = 400;

/** The diagram; null: it is too large for Mermaid. */
export function renderMermaid(tables: readonly PictureTable[]): string | null {
  const ids = new Map(tables.map(({ path }, at) => [keyOf(path), `t${at + 1}`]));
  const links = tables.flatMap(({ path, references }) =>
    references.flatMap(({ name, to, isRequired, isUnique }) => {
      const [from, other] = [ids.get(keyOf(path)), ids.get(keyOf(to))];
      if (other === undefined) return [];
      const sides = `${isRequired ? '||' : '|o'}--${isUnique ? 'o|' : 'o{'}`;
      return [`  ${other} ${sides} ${from} : "${plain(name)}"`];
    }),
  );
  if (tables.length === 0 || links.length > mostLinks) return null;
  const entities = tables.flatMap((table) => entityLines(table, ids.get(keyOf(table.path)) as string));
  const text = ['erDiagram', ...entities, ...links].join('\n');
  return text.length > mostBytes ? null : text;
}

function entityLines({ path, lines }: PictureTable, id: string): string[] {
  const rows = lines.map(({ name, type, isKey, isReference }) => {
    const marks = [...(isKey ? ['PK'] : []), ...(isReference ? ['FK'] : [])];
    return `    ${word(type.replace(/\?$/, ''))} ${word(name)} ${marks.join(', ')}`.trimEnd();
  });
  const head = `  ${id}["${plain(path.join('.'))}"]`;
  return rows.length === 0 ? [head] : [`${head} {`, ...rows, '  }'];
}

// Mermaid has no escapes in these places.
const plain = (text: string) => text.replace(/[^\p{L}\p{N}_. -]/gu, '_');

// Words for keys are no names there.
const isReserved = (name: string) => /^(PK|FK|UK)$/i.test(name);

function word(text: string): string {
  const found = text.replace(/[^A-Za-z0-9\u00c0-\ud7ff]+/g, '_').replace(/_$/, '');
  return /^[A-Za-z_\u00c0-\ud7ff]/.test(found) && !isReserved(found) ? found : `_${found}`;
}
