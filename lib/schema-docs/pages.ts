// The documents of a schema as files: an index, a page for each schema, the diagram, and one page of HTML.
import type { Description } from '../describe/description.ts';
import { type Anchor, type SchemaDocument, schemaAnchor, toSlug } from './blocks.ts';
import { documentSchemas } from './content.ts';
import { renderHtml } from './html.ts';
import { layOut } from './layout.ts';
import { escapeMarkdown, renderMarkdown } from './markdown.ts';
import { renderMermaid } from './mermaid.ts';
import { renderSvg } from './svg.ts';

/** The words that the first comment of every file begins with. */
export const documentMark = 'Written by pgmage db:docs';

/** The names of the files. */
export const documentNames = /^(README\.md|diagram\.svg|index\.html|schema-.*\.md)$/;

const indexFile = 'README.md';
const diagramFile = 'diagram.svg';
const htmlFile = 'index.html';

/** A file of the documents. */
export interface DocumentFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The files of a description.
 * @param source the source, as people know it
 */
export function renderDocuments(description: Description, source: string): DocumentFile[] {
  const documents = documentSchemas(description);
  const diagram = layOut(description);
  const mark = `${documentMark}. Run it again instead of editing this file.`;
  const title = `Schema of ${source}`;
  const hasTables = diagram.boxes.length > 0;
  const comment = `<!-- ${mark} -->`;
  const svg = `<?xml version="1.0" encoding="UTF-8"?>\n${comment}\n${renderSvg(diagram, htmlFile)}\n`;
  return [
    { name: indexFile, text: `${comment}\n\n${indexPage(title, description, documents)}` },
    ...documents.map((document) => ({
      name: pageOf(document.schema),
      text: `${comment}\n\n${schemaPage(document)}`,
    })),
    ...(hasTables ? [{ name: diagramFile, text: svg }] : []),
    {
      name: htmlFile,
      text: renderHtml({ mark, title, diagram: hasTables ? renderSvg(diagram, '') : null, documents }),
    },
  ];

  function indexPage(heading: string, { extensions }: Description, of: readonly SchemaDocument[]): string {
    const mermaid = renderMermaid(diagram);
    const rows = of.map((one) => [
      `[${escapeMarkdown(one.schema)}](${pageOf(one.schema)})`,
      one.counts.join(', ') || 'empty',
      escapeMarkdown(one.comment ?? ''),
    ]);
    const table = [['Schema', 'Objects', 'Comment'], ['---', '---', '---'], ...rows];
    return `${[
      `# ${escapeMarkdown(heading)}`,
      table.map((row) => `| ${row.join(' | ')} |`).join('\n'),
      ...(extensions.length === 0 ? [] : [`Extensions: ${extensions.map(escapeMarkdown).join(', ')}`]),
      `All on one page: [${htmlFile}](${htmlFile})`,
      ...(hasTables ? [`The tables as a picture: [${diagramFile}](${diagramFile})`] : []),
      ...(mermaid === null ? [] : [`\`\`\`mermaid\n${mermaid}\n\`\`\``]),
    ].join('\n\n')}\n`;
  }
}

function schemaPage(document: SchemaDocument): string {
  const { schema, comment, blocks } = document;
  const locate = (to: Anchor) => `${to.schema === schema ? '' : pageOf(to.schema)}#${to.id}`;
  return `${[
    `<a id="${schemaAnchor(schema).id}"></a>`,
    `# Schema ${escapeMarkdown(schema)}`,
    ...(comment === null ? [] : [renderMarkdown([{ is: 'paragraph', text: [comment] }], locate)]),
    ...(blocks.length === 0 ? [] : [renderMarkdown(blocks, locate)]),
    `[All schemas](${indexFile})`,
  ].join('\n\n')}\n`;
}

// File systems allow 255 bytes.
function pageOf(schema: string): string {
  const slug = toSlug(schema);
  return `schema-${slug.length > 200 ? `${slug.slice(0, 180)}-${hashText(slug)}` : slug}.md`;
}

// FNV-1a, for names that differ only at their end.
function hashText(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return hash.toString(16);
}
