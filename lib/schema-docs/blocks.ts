// A document as blocks, which are written as Markdown and as HTML.
import type { ObjectPath } from '../describe/description.ts';

/** A place in the documents. */
export interface Anchor {
  /** The schema whose page has it. */
  readonly schema: string;
  /** Unique in all pages; letters, digits, `_`, `-` and `.` only. */
  readonly id: string;
}

/** A piece of a line: text, code or a link. */
export type Inline = string | { readonly code: string } | { readonly label: string; readonly to: Anchor };

/** The pieces of a line, or of a cell of a table. A line end in a text is kept. */
export type RichLine = readonly Inline[];

/** A part of a document. */
export type Block =
  | { readonly is: 'heading'; readonly level: 2 | 3; readonly text: RichLine; readonly id: string | null }
  | { readonly is: 'paragraph'; readonly text: RichLine }
  | {
      readonly is: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly RichLine[])[];
    };

/** The document of one schema. */
export interface SchemaDocument {
  readonly schema: string;
  readonly comment: string | null;
  /** The numbers of its objects: `3 tables`. */
  readonly counts: readonly string[];
  readonly blocks: readonly Block[];
}

/**
 * A name in the letters of an anchor or a file: different names stay different, also where upper and lower
 * case are the same.
 */
export function toSlug(name: string): string {
  return name.replace(/[^a-z0-9_]/gu, (character) => `-${character.codePointAt(0)?.toString(16)}-`);
}

/** The anchor of an object. */
export function anchorOf(sort: 'relation' | 'type' | 'routine', [schema, name]: ObjectPath): Anchor {
  return { schema, id: `${sort}.${toSlug(schema)}.${toSlug(name)}` };
}

/** The anchor of a schema. */
export function schemaAnchor(schema: string): Anchor {
  return { schema, id: `schema.${toSlug(schema)}` };
}

/** Joins lines by a text. */
export function joinLines(lines: readonly RichLine[], by: string): RichLine {
  return lines.flatMap((line, at) => (at === 0 ? line : [by, ...line]));
}

/** Code without line ends: expressions of the server have some, and a line of a document has none. */
export function onOneLine(code: string): string {
  return code.replace(/\s*\n\s*/g, ' ');
}

/** A line without its code and links. */
export function textOf(line: RichLine): string {
  return line.map((one) => (typeof one === 'string' ? one : 'code' in one ? one.code : one.label)).join('');
}
