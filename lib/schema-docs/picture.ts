// A picture of tables as data, before anything in it has a place.
import type { DescribedColumn, DescribedRelation, Description, ObjectPath } from '../describe/description.ts';

/** A difference between two states, where a picture shows one. */
export type Mark = 'added' | 'changed' | 'removed';

/** A column or another part of a table. */
export interface PictureLine {
  readonly name: string;
  /** Its type, with `?` where a column may be NULL. */
  readonly type: string;
  /** True if it is in the primary key. */
  readonly isKey: boolean;
  /** True if a foreign key has it. */
  readonly isReference: boolean;
  readonly mark: Mark | null;
}

/** A foreign key. */
export interface PictureReference {
  readonly name: string;
  readonly to: ObjectPath;
  /** The referencing columns. */
  readonly columns: readonly string[];
  /** True if a row of the referencing table always has a row of the other. */
  readonly isRequired: boolean;
  /** True if at most one row references a row. */
  readonly isUnique: boolean;
  readonly mark: Mark | null;
}

/** A table. */
export interface PictureTable {
  readonly path: ObjectPath;
  /** Its name, or the earlier one and this. */
  readonly title: string;
  readonly comment: string | null;
  readonly lines: readonly PictureLine[];
  /** The number of lines that are left out. */
  readonly omitted: number;
  readonly references: readonly PictureReference[];
  readonly mark: Mark | null;
  /** True if it is only there because another table references it. */
  readonly isContext: boolean;
}

/** Some tables that are drawn together. */
export interface Picture {
  /** The table that most others of a part reference; null: the picture is the whole schema. */
  readonly around: ObjectPath | null;
  readonly tables: readonly PictureTable[];
}

const mostLines = 40;

/** The key of a path in a map. */
export const keyOf = (path: readonly string[]) => path.join('\0');

/** The relations of a description that pictures show: tables, but no partitions. */
export function listDrawn({ relations }: Description): DescribedRelation[] {
  return relations.filter(({ sort, partitionOf }) => partitionOf === null && !sort.endsWith('view'));
}

/** The tables of a description. */
export function pictureTables(description: Description): PictureTable[] {
  return listDrawn(description).map((relation) => ({
    path: relation.path,
    title: relation.path.join('.'),
    comment: relation.comment,
    ...chooseLines(listColumns(relation), mostLines),
    references: listReferences(relation),
    mark: null,
    isContext: false,
  }));
}

/** The columns of a relation as lines. */
export function listColumns({ columns, constraints }: DescribedRelation): PictureLine[] {
  const keys = new Set(constraints.find(({ sort }) => sort === 'primary')?.columns);
  const foreign = new Set(constraints.flatMap(({ sort, columns: own }) => (sort === 'foreign' ? own : [])));
  return columns.map((column) => ({
    name: column.name,
    type: typeOf(column),
    isKey: keys.has(column.name),
    isReference: foreign.has(column.name),
    mark: null,
  }));
}

const typeOf = ({ typeText, nullable }: DescribedColumn) => `${typeText}${nullable ? '?' : ''}`;

/** The foreign keys of a relation. */
export function listReferences({ columns, constraints }: DescribedRelation): PictureReference[] {
  const required = new Set(columns.flatMap(({ name, nullable }) => (nullable ? [] : [name])));
  const keys = constraints.filter(({ sort }) => sort === 'primary' || sort === 'unique');
  return constraints.flatMap(({ name, references, columns: own }) => {
    if (references === null) return [];
    const isUnique = keys.some((key) => key.columns.every((column) => own.includes(column)));
    const isRequired = own.every((column) => required.has(column));
    return [{ name, to: references, columns: own, isRequired, isUnique, mark: null }];
  });
}

/** The lines for which there is room, in their order: marked ones and keys first. */
export function chooseLines(
  lines: readonly PictureLine[],
  most: number,
): Pick<PictureTable, 'lines' | 'omitted'> {
  if (lines.length <= most) return { lines, omitted: 0 };
  const weight = ({ mark, isKey, isReference }: PictureLine) =>
    mark !== null ? 0 : isKey || isReference ? 1 : 2;
  const chosen = new Set([...lines].sort((a, b) => weight(a) - weight(b)).slice(0, most));
  return { lines: lines.filter((line) => chosen.has(line)), omitted: lines.length - chosen.size };
}
