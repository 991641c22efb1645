// The documents of a schema as files: an index, a page for each schema, the pictures, and one page of HTML.
import type { Description } from '../describe/description.ts';
import { type Anchor, anchorOf, type RichLine, type SchemaDocument, schemaAnchor, toSlug } from './blocks.ts';
import { documentSchemas } from './content.ts';
import { type DocumentFile, documentMark, type MadePicture, pictureFiles, type Titles } from './files.ts';
import { renderHtml } from './html.ts';
import { escapeMarkdown, renderMarkdown } from './markdown.ts';
import { renderMermaid } from './mermaid.ts';
import { type PictureTable, pictureTables } from './picture.ts';
import { splitIntoPictures } from './split.ts';

/** The names of the files. */
export const documentNames = /^(README\.md|diagram(-\d+)?\.svg|index\.html|schema-.*\.md)$/;

const indexFile = 'README.md';
const htmlFile = 'index.html';

const linkOf = (page: string) => (table: PictureTable) => `${page}#${anchorOf('relation', table.path).id}`;
const titles: Titles = { all: 'Tables and their foreign keys', part: 'Tables around ' };

/**
 * The files of a description.
 * @param source the source, as people know it
 */
export function renderDocuments(description: Description, source: string): DocumentFile[] {
  const documents = documentSchemas(description);
  const tables = pictureTables(description);
  const pictures = splitIntoPictures(tables);
  const title = `Schema of ${source}`;
  const comment = `<!-- ${documentMark} -->`;
  const made = pictureFiles(pictures, { name: 'diagram', linkOf: linkOf(htmlFile), titles });
  const html = renderHtml({
    mark: documentMark,
    title,
    about: extensionsOf(description).map((line): RichLine => [line]),
    contents: documents.map(({ schema, counts }) => [
      { label: schema, to: schemaAnchor(schema) },
      `: ${counts.join(', ') || 'empty'}`,
    ]),
    figures: pictureFiles(pictures, { name: 'diagram', linkOf: linkOf(''), titles }).map((one) => ({
      caption: pictures.length > 1 ? one.caption : null,
      svg: one.svg,
    })),
    sections: documents.map((one) => ({
      title: ['Schema ', { code: one.schema }],
      id: schemaAnchor(one.schema).id,
      blocks: [
        ...(one.comment === null ? [] : [{ is: 'paragraph', text: [one.comment] } as const]),
        ...one.blocks,
      ],
    })),
  });
  const index = indexPage({ title, description, documents, made, mermaid: renderMermaid(tables) });
  return [
    { name: indexFile, text: `${comment}\n\n${index}` },
    ...documents.map((document) => ({
      name: pageOf(document.schema),
      text: `${comment}\n\n${schemaPage(document)}`,
    })),
    ...made.map(({ file }) => file),
    { name: htmlFile, text: html },
  ];
}

interface Index {
  readonly title: string;
  readonly description: Description;
  readonly documents: readonly SchemaDocument[];
  readonly made: readonly MadePicture[];
  readonly mermaid: string | null;
}

function indexPage({ title, description, documents, made, mermaid }: Index): string {
  const rows = documents.map((one) => [
    `[${escapeMarkdown(one.schema)}](${pageOf(one.schema)})`,
    one.counts.join(', ') || 'empty',
    escapeMarkdown(one.comment ?? ''),
  ]);
  return `${[
    `# ${escapeMarkdown(title)}`,
    tableOf(['Schema', 'Objects', 'Comment'], rows),
    ...extensionsOf(description).map(escapeMarkdown),
    `All on one page: [${htmlFile}](${htmlFile})`,
    ...pictureList(made),
    ...(mermaid === null ? [] : [`\`\`\`mermaid\n${mermaid}\n\`\`\``]),
  ].join('\n\n')}\n`;
}

const extensionsOf = ({ extensions }: Description) =>
  extensions.length === 0 ? [] : [`Extensions: ${extensions.join(', ')}`];

function pictureList(made: readonly MadePicture[]): string[] {
  const [first] = made;
  if (first === undefined) return [];
  if (made.length === 1) return [`The tables as a picture: [${first.file.name}](${first.file.name})`];
  const rows = made.map(({ file, caption, picture }) => [
    `[${file.name}](${file.name})`,
    renderMarkdown([{ is: 'paragraph', text: caption }], locateFrom(indexFile)),
    picture.tables
      .filter(({ isContext }) => !isContext)
      .map(({ path }) => escapeMarkdown(path.join('.')))
      .join(', '),
  ]);
  return ['The tables as pictures:', tableOf(['Picture', 'Part', 'Tables'], rows)];
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function schemaPage({ schema, comment, blocks }: SchemaDocument): string {
  const locate = locateFrom(pageOf(schema));
  const about: RichLine[] = comment === null ? [] : [[comment]];
  return `${[
    `<a id="${schemaAnchor(schema).id}"></a>`,
    `# Schema ${escapeMarkdown(schema)}`,
    ...about.map((text) => renderMarkdown([{ is: 'paragraph', text }], locate)),
    ...(blocks.length === 0 ? [] : [renderMarkdown(blocks, locate)]),
    `[All schemas](${indexFile})`,
  ].join('\n\n')}\n`;
}

const locateFrom = (file: string) => (to: Anchor) => {
  const page = pageOf(to.schema);
  return `${page === file ? '' : page}#${to.id}`;
};

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
