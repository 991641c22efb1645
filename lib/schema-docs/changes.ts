// The difference of two states as documents: a list, a picture, and one page of HTML.
import { describeChange, type ObjectChange, type Presence } from '../compare/changes.ts';
import type { RenameReport } from '../compare/renames.ts';
import type { DescribedRelation } from '../describe/description.ts';
import type { Difference } from '../model/diff.ts';
import { type Anchor, anchorOf, type Block, type RichLine, textOf } from './blocks.ts';
import { changedTables, type StatePair } from './changed-tables.ts';
import { signs } from './drawing.ts';
import { type DocumentFile, documentMark, pictureFiles, type Titles } from './files.ts';
import { type HtmlSection, renderHtml } from './html.ts';
import { escapeMarkdown, renderMarkdown } from './markdown.ts';
import type { Mark, PictureTable } from './picture.ts';
import { splitIntoPictures } from './split.ts';
import { findOwner, nameRelation } from './touched.ts';

/** The names of the files. */
export const changeNames = /^changes(-\d+)?\.(md|svg|html)$/;

const listFile = 'changes.md';
const htmlFile = 'changes.html';

/** Two states and their difference, as the documents need them. */
export interface ChangedStates extends StatePair {
  /** The sources, as people know them. */
  readonly names: { readonly from: string; readonly to: string };
  readonly difference: Pick<Difference, 'before' | 'after'>;
  readonly changes: readonly ObjectChange[];
  /** Objects that were dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
}

/** The changes of one table or view, or of all other objects. */
export interface ChangeGroup {
  /** Null: the objects that are neither tables nor views. */
  readonly relation: Pick<DescribedRelation, 'path' | 'sort'> | null;
  readonly changes: readonly ObjectChange[];
}

const marks: Readonly<Record<Presence, Mark>> = { missing: 'added', extra: 'removed', different: 'changed' };

/** The changes by the tables and views that they belong to. */
export function groupChanges(states: ChangedStates): ChangeGroup[] {
  const relations = [...states.before.relations, ...states.after.relations];
  const known = new Map(relations.map((relation) => [nameRelation(relation), relation]));
  const groups = new Map<DescribedRelation | null, ObjectChange[]>();
  for (const change of states.changes) {
    const relation = known.get(findOwner(change, states.difference)) ?? null;
    groups.set(relation, [...(groups.get(relation) ?? []), change]);
  }
  const nameOf = ({ relation }: ChangeGroup) => (relation === null ? '\uffff' : relation.path.join('\0'));
  return [...groups]
    .map(([relation, changes]) => ({ relation, changes }))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const titles: Titles = { all: 'Changed tables', part: 'Changed tables around ' };

/** The files of a difference. */
export function renderChanges(states: ChangedStates): DocumentFile[] {
  const { from, to } = states.names;
  const title = `Changes from ${from} to ${to}`;
  const sections = listSections(states);
  const changed = new Set(sections.map(({ id }) => id));
  const linkOf = (page: string) => (table: PictureTable) => {
    const { id } = anchorOf('relation', table.path);
    return changed.has(id) ? `${page}#${id}` : null;
  };
  const pictures = splitIntoPictures(changedTables(states));
  const made = pictureFiles(pictures, { name: 'changes', linkOf: linkOf(htmlFile), titles });
  const inPage = pictureFiles(pictures, { name: 'changes', linkOf: linkOf(''), titles });
  const locate = (anchor: Anchor) => `#${anchor.id}`;
  const links = made.map(({ file: { name } }) => `[${name}](${name})`).join(', ');
  const list = [
    `<!-- ${documentMark} -->`,
    `# ${escapeMarkdown(title)}`,
    summarize(states),
    ...(made.length === 0 ? [] : [`The changed tables as a picture: ${links}`]),
    `All on one page: [${htmlFile}](${htmlFile})`,
    ...sections.map(({ title: text, id, blocks }) =>
      renderMarkdown([{ is: 'heading', level: 2, text, id }, ...blocks], locate),
    ),
  ];
  const html = renderHtml({
    mark: documentMark,
    title,
    about: [[summarize(states)]],
    contents: sections.map(({ title: text, id }) => [{ label: textOf(text), to: { schema: '', id } }]),
    figures: inPage.map(({ svg, caption }) => ({ svg, caption: pictures.length > 1 ? caption : null })),
    sections,
  });
  return [
    { name: listFile, text: `${list.join('\n\n')}\n` },
    ...made.map(({ file }) => file),
    { name: htmlFile, text: html },
  ];
}

/** The numbers of the changes, in words. */
export function summarize({ changes }: Pick<ChangedStates, 'changes'>): string {
  const count = (mark: Mark) => changes.filter(({ standing }) => marks[standing] === mark).length;
  if (changes.length === 0) return 'No differences.';
  return `${count('added')} added, ${count('changed')} changed, ${count('removed')} removed.`;
}

function listSections(states: ChangedStates): HtmlSection[] {
  return [
    ...groupChanges(states).map(({ relation, changes }) => ({
      title: relation === null ? ['Other objects'] : [{ code: nameRelation(relation) }],
      id: relation === null ? 'others' : anchorOf('relation', relation.path).id,
      blocks: [{ is: 'table', head: ['Change', 'Object'], rows: changes.map(changeRow) } as Block],
    })),
    ...possibleRenames(states.possible),
  ];
}

function possibleRenames(possible: readonly RenameReport[]): HtmlSection[] {
  if (possible.length === 0) return [];
  const rows = possible.map(({ text, to }): RichLine[] => [[{ code: text }], [{ code: to }]]);
  const title = ['Removed and added: a rename?'];
  return [{ title, id: 'renames', blocks: [{ is: 'table', head: ['Before', 'After'], rows }] }];
}

function changeRow(change: ObjectChange): RichLine[] {
  const mark = marks[change.standing];
  return [
    [`${signs[mark]} ${mark}`],
    [{ code: describeChange(change).replace(/^(added|changed|dropped) /, '') }],
  ];
}
