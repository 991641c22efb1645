// Doc comments as the runner shows them.
import type * as Ast from '@babel/types';

/** The text of a node's doc comment, line by line without its stars; empty where it has none. */
export function readDoc(node: Ast.Node): string {
  const blocks = (node.leadingComments ?? []).filter(
    (comment) => comment.type === 'CommentBlock' && comment.value.startsWith('*'),
  );
  const lines = (blocks.at(-1)?.value ?? '').slice(1).split(/\r?\n/);
  return lines
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .trim();
}

/** The first sentence of a doc comment on one line, without its full stop. */
export function readFirstSentence(doc: string): string {
  const paragraph = (doc.split(/\n\s*\n|(?:^|\n)\s*@/)[0] ?? '').replace(/\s+/g, ' ').trim();
  // A full stop ends a sentence only before a capital letter or at the end: not in `e.g. this` or
  // `schema.sql`.
  const end = paragraph.search(/[.!?](?=\s+[^a-z]|$)/);
  if (end < 0) return paragraph;
  return paragraph.slice(0, paragraph[end] === '.' ? end : end + 1);
}

/** A doc comment as one line of help. */
export function joinLines(doc: string): string {
  return doc.replace(/\s+/g, ' ').trim();
}

/** The texts of `@param name text`, by parameter. */
export function readParameterDocs(doc: string): Map<string, string> {
  const tags = doc.split(/(?:^|\n)\s*@/).slice(1);
  const found = tags.map((tag) => /^param\s+(?:\{[^}]*\}\s*)?(\w+)\s*(?:-\s*)?([\s\S]*)$/.exec(tag));
  return new Map(
    found.filter((match) => match !== null).map(([, name = '', text = '']) => [name, joinLines(text)]),
  );
}
