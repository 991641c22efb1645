// The static site of the documentation: `npm run docs`. The pages are those that GitHub and the package show.
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The pages of a folder by their headings. @param {string} folder */
function pages(folder) {
  return readdirSync(join(docs, folder))
    .filter((file) => file.endsWith('.md') && file !== 'README.md')
    .map((file) => {
      const [, heading = file] = /^# (.*)$/m.exec(readFileSync(join(docs, folder, file), 'utf8')) ?? [];
      return { text: heading.replaceAll('`', ''), link: `/${folder}/${file.slice(0, -3)}` };
    });
}

/** The place of a heading as GitHub names it, so that links lead there on the site, too. @param {string} heading */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

/**
 * On the site, files of the repository beside docs/ are names without a link, because it does not have them.
 * @param {any} markdown markdown-it
 */
function unlinkOutside(markdown) {
  markdown.core.ruler.push('unlink_outside', (/** @type {any} */ { tokens, env }) => {
    /** @param {any} token */
    const leadsOut = (token) =>
      token.type === 'link_open' &&
      relative(docs, join(dirname(env.path), token.attrGet('href'))).startsWith('..');
    for (const { children } of tokens) {
      for (let open = children?.findIndex(leadsOut) ?? -1; open >= 0; open = children.findIndex(leadsOut)) {
        const close = children.findIndex(
          (/** @type {any} */ token, /** @type {number} */ at) => at > open && token.type === 'link_close',
        );
        children.splice(close, 1);
        children.splice(open, 1);
      }
    }
  });
}

export default {
  title: 'pgmage',
  description: 'Schema-as-code for PostgreSQL',
  outDir: '../dist-docs',
  cacheDir: '../node_modules/.cache/vitepress',
  cleanUrls: true,
  rewrites: (/** @type {string} */ path) => path.replace(/(^|\/)README\.md$/, '$1index.md'),
  /** The schema is a link of a page, and no page itself. @param {{ outDir: string }} site */
  buildEnd: ({ outDir }) =>
    copyFileSync(join(docs, 'reference/json-schema.json'), join(outDir, 'reference/json-schema.json')),
  markdown: { anchor: { slugify }, config: unlinkOutside },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guides', link: '/guides/adopt-a-database' },
      { text: 'Commands', link: '/commands/' },
      { text: 'Reference', link: '/reference/configuration' },
    ],
    sidebar: [
      { text: 'Guides', items: pages('guides') },
      { text: 'Commands', items: pages('commands'), collapsed: true },
      { text: 'Reference', items: [...pages('reference'), { text: 'Library', link: '/library' }] },
      { text: 'Internals', items: pages('internals'), collapsed: true },
      { text: 'Decisions', items: pages('decisions'), collapsed: true },
    ],
  },
};
