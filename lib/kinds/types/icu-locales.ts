// ICU locales have an old spelling (`de_AT@collation=phonebook`) and a standard one (`de-AT-u-co-phonebk`).
// Servers from 16 on store the standard one. Older ones, and an ICU without its tables of names, store the
// given text.

// Keys of BCP 47 by ICU's old names, and what their values are called there (sources: CLDR's
// common/bcp47/collation.xml, calendar.xml, currency.xml, number.xml and variant.xml; manual: Collation
// Support, ICU Collations).
const keys: Readonly<Record<string, string>> = {
  colalternate: 'ka',
  colbackwards: 'kb',
  colcasefirst: 'kf',
  colcaselevel: 'kc',
  colhiraganaquaternary: 'kh',
  collation: 'co',
  colnormalization: 'kk',
  colnumeric: 'kn',
  colreorder: 'kr',
  colstrength: 'ks',
  calendar: 'ca',
  currency: 'cu',
  numbers: 'nu',
};

const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ca: { gregorian: 'gregory', 'ethiopic-amete-alem': 'ethioaa' },
  co: { dictionary: 'dict', gb2312han: 'gb2312', phonebook: 'phonebk', traditional: 'trad' },
  ka: { 'non-ignorable': 'noignore' },
  ks: {
    primary: 'level1',
    secondary: 'level2',
    tertiary: 'level3',
    quaternary: 'level4',
    quarternary: 'level4',
    identical: 'identic',
  },
  nu: { traditional: 'traditio' },
};

const truths: Readonly<Record<string, string>> = { yes: 'true', no: 'false' };
const answering = new Set(['kb', 'kc', 'kf', 'kh', 'kk', 'kn']);
const renamed: Readonly<Record<string, string>> = { in: 'id', iw: 'he', ji: 'yi', root: 'und' };

const base =
  /^(?<language>[a-z]{2,3}|root)?(?:[-_](?<script>[a-z]{4}))?(?:[-_](?<region>[a-z]{2}|\d{3}))?(?<variants>(?:[-_](?:[a-z\d]{5,8}|\d[a-z\d]{3}))*)$/i;
const keyword = /^(?:[a-z\d][a-z]|[a-z]\d)$/;
const type = /^[a-z\d]{3,8}(?:-[a-z\d]{3,8})*$/;

/**
 * The standard spelling of an ICU locale, as `uloc_toLanguageTag` returns it. Unknown parts stay as they are.
 * @param locale as given or stored
 */
export function computeLanguageTag(locale: string): string {
  const [id = '', ...keywords] = locale.split('@');
  const [plain = '', extension] = splitAt(id.replace(/\..*$/, ''), /[-_]u[-_]/i);
  const words = /^(?:c|posix)$/i.test(plain) ? 'en_US_POSIX' : plain;
  const tag = baseOf(words.replace(/[-_]posix$/i, ''));
  const said = [...spokenOf(extension), ...keywords.flatMap(legacyOf)];
  if (words !== words.replace(/[-_]posix$/i, '')) said.push(['va', 'posix']);
  const known = said.every(([key, value]) => keyword.test(key) && type.test(value));
  if (tag === null || !known) return locale;
  const sorted = [...new Map(said)].sort(([a], [b]) => (a < b ? -1 : 1));
  return [tag, ...(sorted.length > 0 ? ['u'] : []), ...sorted.flat()].join('-');
}

function splitAt(text: string, mark: RegExp): [string, string?] {
  const found = mark.exec(text);
  return found === null ? [text] : [text.slice(0, found.index), text.slice(found.index + found[0].length)];
}

function baseOf(words: string): string | null {
  const { language = 'und', script, region, variants = '' } = base.exec(words)?.groups ?? {};
  if (!base.test(words)) return null;
  const name = language.toLowerCase();
  const parts = [
    renamed[name] ?? name,
    script && script.charAt(0).toUpperCase() + script.slice(1).toLowerCase(),
    region?.toUpperCase(),
    ...variants.toLowerCase().split(/[-_]/),
  ];
  return parts.filter(Boolean).join('-');
}

// `kn-kf-lower`: a key without a value says true.
function spokenOf(extension = ''): [string, string][] {
  const said: [string, string[]][] = [];
  for (const word of extension.toLowerCase().split(/[-_]/).filter(Boolean))
    if (word.length === 2) said.push([word, []]);
    else if (said.length === 0) said.push([word, []]);
    else said.at(-1)?.[1].push(word);
  return said.map(([key, parts]) => [key, parts.join('-') || 'true']);
}

// `colNumeric=yes;collation=phonebook`
function legacyOf(list: string): [string, string][] {
  const said = list.toLowerCase().split(';').filter(Boolean);
  return said.map((one) => {
    const [name = '', value = ''] = one.split('=').map((part) => part.trim());
    const key = keys[name] ?? name;
    const word = (answering.has(key) ? truths[value] : values[key]?.[value]) ?? value;
    return [key, word];
  });
}
