// The advice for objects that are dropped and added and may be renames.

/**
 * The sentence with the options; without renames it is empty. Options that exclude one another are joined by
 * `or`.
 * @param renames values of `--rename`: `users.phone=mobile`
 */
export function adviseRenames(renames: readonly string[] = []): string {
  if (renames.length === 0) return '';
  const olds = new Set(renames.map((one) => one.replace(/=[^=]*$/, '')));
  const news = new Set(renames.map((one) => one.replace(/(^|\.)[^.]*=/, '$1')));
  const isChoice = olds.size < renames.length || news.size < renames.length;
  const options = renames.map((one) => `--rename ${one}`).join(isChoice ? ' or ' : ' ');
  return `If you renamed an object, pass ${options}`;
}
