// The static site of the documentation: `npm run docs`. The pages are those that GitHub and the package show.
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

export default {
  title: 'pgmage',
  description: 'Schema-as-code for PostgreSQL',
  outDir: '../dist-docs',
  cacheDir: '../node_modules/.cache/vitepress',
  cleanUrls: true,
  rewrites: (/** @type {string} */ path) => path.replace(/(^|\/)README\.md$/, '$1index.md'),
  // Files beside docs/, which the site does not have. test/docs checks that they exist.
  ignoreDeadLinks: [/CONTRIBUTING/, /CONTEXT/, /CHANGELOG/, /examples\//],
  /** The schema is a link of a page, and no page itself. @param {{ outDir: string }} site */
  buildEnd: ({ outDir }) =>
    copyFileSync(join(docs, 'reference/json-schema.json'), join(outDir, 'reference/json-schema.json')),
  markdown: { anchor: { slugify } },
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
