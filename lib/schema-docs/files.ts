// The mark of all files of documents, and the files of pictures.
import { anchorOf, type RichLine } from './blocks.ts';
import { drawPicture, type LinkOf } from './drawing.ts';
import { layOut } from './layout.ts';
import type { Picture } from './picture.ts';
import { writeSvg } from './svg.ts';

/** The words that the first comment of every file begins with. */
export const documentWords = 'Written by pgmage db:docs';

/** The first comment of every file. */
export const documentMark = `${documentWords}. Run it again instead of editing this file.`;

/** A file of the documents. */
export interface DocumentFile {
  readonly name: string;
  readonly text: string;
}

/** A picture and its file. */
export interface MadePicture {
  readonly picture: Picture;
  readonly file: DocumentFile;
  /** The same without the declaration of a file. */
  readonly svg: string;
  /** Its title, with a link. */
  readonly caption: RichLine;
}

/** The titles of a picture of all tables, and of one of a part; the latter ends before a name. */
export interface Titles {
  readonly all: string;
  readonly part: string;
}

/**
 * The files of pictures: `diagram.svg`, or `diagram-1.svg` and so on.
 * @param options.name the beginning of their names
 */
export function pictureFiles(
  pictures: readonly Picture[],
  options: { readonly name: string; readonly linkOf: LinkOf; readonly titles: Titles },
): MadePicture[] {
  const { name, linkOf, titles } = options;
  return pictures.map((picture, at) => {
    const { around, tables } = picture;
    const title = around === null ? titles.all : `${titles.part}${around.join('.')}`;
    const svg = writeSvg(drawPicture(layOut(tables), title, linkOf));
    const caption: RichLine =
      around === null
        ? [titles.all]
        : [titles.part, { label: around.join('.'), to: anchorOf('relation', around) }];
    const file = `${name}${pictures.length > 1 ? `-${at + 1}` : ''}.svg`;
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<!-- ${documentMark} -->\n${svg}\n`;
    return { picture, file: { name: file, text }, svg, caption };
  });
}
