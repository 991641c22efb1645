// The packages that give the embedded PostgreSQL more extensions. The user installs them.

/** By extension; each package is made for one exact version of PGlite, so its version matters. */
export const extensionPackages: Readonly<
  Record<string, { readonly name: string; readonly version: string; readonly member: string }>
> = {
  vector: { name: '@electric-sql/pglite-pgvector', version: '0.0.9', member: 'vector' },
  postgis: { name: '@electric-sql/pglite-postgis', version: '0.2.8', member: 'postgis' },
};

/** The advice for an extension that the shadow does not have. */
export function adviseExtension(name: string): string {
  const advice =
    `Install the extension ${name} on the server of the shadow database, or name another server with` +
    ' --shadow URL.';
  const found = Object.hasOwn(extensionPackages, name) ? extensionPackages[name] : undefined;
  return found === undefined
    ? advice
    : `For the embedded shadow: npm install --save-dev ${found.name}@${found.version}. ${advice}`;
}
