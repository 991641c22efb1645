// Extensions that bodies of SQL may create: the body of a DO block may not get there, or hide that it failed.

/**
 * The extensions that a body may create: names after CREATE EXTENSION, and literals, which the body may put
 * there.
 */
export function findExtensionsInBody(sql: string): string[] {
  if (!/\bcreate\s+extension\b/i.test(sql)) return [];
  const named = /\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?:"([^"]+)"|([\w$]+))/gi;
  const literals = /'([a-z][\w-]*)'/g;
  return [
    ...[...sql.matchAll(named)].map(([, quoted, plain = '']) => quoted ?? plain.toLowerCase()),
    ...[...sql.matchAll(literals)].map(([, word = '']) => word),
  ];
}

/** The extensions that the bodies in a text, each between dollar signs, may create. */
export function findExtensionsInBodies(text: string): string[] {
  const bodies = text.match(/\$(\w*)\$[\s\S]*?\$\1\$/g) ?? [];
  return bodies.flatMap(findExtensionsInBody);
}
