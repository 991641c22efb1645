// Names in SQL that hints have.

/** A name as SQL has it: in quotes only where it needs them. */
export const quoteName = (name: string) =>
  /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
