// Builds the program as one file of chunks, each a function that runs when another chunk first asks for it. V8
// neither compiles nor keeps what did not run, so a command pays only for its own chunks. Plain JavaScript: nothing
// is built yet.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from '@babel/parser';
import { build } from 'esbuild';

/**
 * Builds a function that bin/cached.cjs calls with what a module is given, and with `import`, which code that V8 has
 * kept compiled cannot call.
 * @param {import('esbuild').BuildOptions} options
 * @param {string} entry the module that runs at once
 * @param {object} built what `PGMAGE_BUILT` stands for
 * @returns the text of the function, and what went into it
 */
export async function buildProgram(options, entry, built) {
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: { bin: entry },
    // Modules find their files by `__filename` then.
    define: { ...options.define, PGMAGE_BUILT: '__built', 'import.meta': '__meta' },
    splitting: true,
    metafile: true,
    write: false,
  });
  for (const input of Object.keys(metafile.inputs)) refuseVariables(join(options.absWorkingDir, input));
  refuseCycles(metafile.outputs);
  const chunks = outputFiles.map(({ path, text }) => `"./${basename(path)}":${toFunction(text)}`);
  const text = `(function(exports,__require,module,__filename,__dirname,__import){"use strict";
const __built=${JSON.stringify(built)},__meta={},chunks={${chunks.join(',\n')}},loaded={};
const require=(name)=>{
if(!Object.hasOwn(chunks,name))return __require(name);
if(loaded[name]===undefined){const values={};chunks[name](values);loaded[name]=values}
return loaded[name]};
const __load=async(name)=>require(name);
require("./bin.js")})`;
  // One character beyond ASCII doubles what the file takes in memory. esbuild leaves those of patterns alone.
  const escape = (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return { metafile, text: text.replace(/[^\0-\x7f]/g, escape) };
}

// A chunk takes the values of another when it starts, which is too early for one that changes later.
function refuseVariables(path) {
  const text = readFileSync(path, 'utf8');
  if (/^export (?:let|var)\b/m.test(text)) throw new Error(`${path} exports a variable`);
}

// A chunk is there for others when it has run to its end, so none may ask for itself.
function refuseCycles(outputs) {
  const done = new Set();
  const follow = (path, above) => {
    if (above.includes(path)) throw new Error(`Chunks import one another: ${[...above, path].join(', ')}`);
    if (done.has(path)) return;
    const imports = outputs[path].imports.filter((one) => one.kind === 'import-statement' && !one.external);
    for (const one of imports) follow(one.path, [...above, path]);
    done.add(path);
  };
  for (const path of Object.keys(outputs)) follow(path, []);
}

// An ES module as a function. It asks for chunks only by the names that it imports: none is there for its effects.
function toFunction(text) {
  if (text.includes('__esm(')) throw new Error('A chunk has a module that starts later');
  const { program } = parse(text, { sourceType: 'module', createImportExpressions: true });
  const edits = findImports(program).map(({ start, source }) => {
    const isChunk = source.type === 'StringLiteral' && source.value.startsWith('./');
    return { start, end: start + 'import'.length, code: isChunk ? '__load' : '__import' };
  });
  let ending = '';
  for (const node of program.body) {
    const code = toStatement(node);
    if (code === undefined) continue;
    const end = node.type === 'ExportDefaultDeclaration' ? node.declaration.start : node.end;
    // At the end, all that it exports has its value.
    const isLast = node.type === 'ExportNamedDeclaration';
    if (isLast) ending += code;
    edits.push({ start: node.start, end, code: isLast ? '' : code });
  }
  let [body, at] = ['', 0];
  for (const { start, end, code } of edits.sort((a, b) => a.start - b.start)) {
    body += text.slice(at, start) + code;
    at = end;
  }
  return `(exports)=>{${body}${text.slice(at)};${ending}}`;
}

// The expressions `import(…)` in a tree. A method of that name and a text are no such expressions.
function findImports(node) {
  if (Array.isArray(node)) return node.flatMap(findImports);
  if (typeof node?.type !== 'string') return [];
  const inner = Object.values(node).flatMap((value) => (typeof value === 'object' ? findImports(value) : []));
  return node.type === 'ImportExpression' ? [node, ...inner] : inner;
}

// The statement for an import or an export; undefined for any other one.
function toStatement(node) {
  if (node.type === 'ImportDeclaration') return toRequire(node);
  if (node.type === 'ExportDefaultDeclaration') return 'exports.default=';
  if (node.type === 'ExportNamedDeclaration' && node.source === null && node.declaration === null) {
    const values = node.specifiers.map(({ local, exported }) => `${exported.name}:${local.name}`);
    return `Object.assign(exports,{${values}});`;
  }
  if (/^(?:Im|Ex)port/.test(node.type)) throw new Error(`A chunk has an unknown ${node.type}`);
}

function toRequire({ specifiers, source: { value } }) {
  if (specifiers.length === 0) return value.startsWith('./') ? '' : `require("${value}");`;
  const named = specifiers.filter(({ type }) => type === 'ImportSpecifier');
  const targets = specifiers.filter((one) => !named.includes(one)).map(({ local }) => local.name);
  // The default of a module of Node is all of it. That of a package could be anything.
  if (targets.length > 0 && !value.startsWith('node:')) throw new Error(`A chunk imports all of ${value}`);
  if (named.length > 0)
    targets.push(`{${named.map(({ imported, local }) => `${imported.name}:${local.name}`)}}`);
  return `var ${targets.map((target) => `${target}=require("${value}")`)};`;
}
