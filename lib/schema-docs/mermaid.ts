// The diagram in the language of Mermaid (its manual: Entity Relationship Diagrams).
import type { Box, Diagram } from './layout.ts';

// GitHub refuses larger texts and more links (Mermaid's settings maxTextSize and maxEdges).
const mostBytes = 40_000;
const mostLinks = 400;

/** The diagram; null: it is too large for Mermaid. */
export function renderMermaid({ boxes, links }: Diagram): string | null {
  if (boxes.length === 0 || links.length > mostLinks) return null;
  const ids = new Map(boxes.map((box, at) => [box, `t${at + 1}`]));
  const lines = [
    'erDiagram',
    ...boxes.flatMap((box) => entityLines(box, ids.get(box) as string)),
    ...links.map(({ name, from, to, required, unique }) => {
      const sides = `${required ? '||' : '|o'}--${unique ? 'o|' : 'o{'}`;
      return `  ${ids.get(to)} ${sides} ${ids.get(from)} : "${plain(name)}"`;
    }),
  ];
  const text = lines.join('\n');
  return text.length > mostBytes ? null : text;
}

function entityLines({ relation, shown }: Box, id: string): string[] {
  const keys = new Set(relation.constraints.find(({ sort }) => sort === 'primary')?.columns);
  const foreign = new Set(
    relation.constraints.flatMap(({ sort, columns }) => (sort === 'foreign' ? columns : [])),
  );
  const rows = shown.map(({ name, typeText }) => {
    const marks = [...(keys.has(name) ? ['PK'] : []), ...(foreign.has(name) ? ['FK'] : [])];
    return `    ${word(typeText)} ${word(name)} ${marks.join(', ')}`.trimEnd();
  });
  const head = `  ${id}["${plain(relation.path.join('.'))}"]`;
  return rows.length === 0 ? [head] : [`${head} {`, ...rows, '  }'];
}

// Mermaid has no escapes in these places.
const plain = (text: string) => text.replace(/[^\p{L}\p{N}_. -]/gu, '_');

function word(text: string): string {
  const found = text.replace(/[^A-Za-z0-9\u00c0-\ud7ff]+/g, '_').replace(/_$/, '');
  return /^[A-Za-z_\u00c0-\ud7ff]/.test(found) ? found : `_${found}`;
}
