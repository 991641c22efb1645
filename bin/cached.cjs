// Runs a CommonJS file from the code that V8 compiled of it at the first run of the same task: to compile it takes longer
// than a small task. It is kept beside the file: only those who can write the file can write there.
const { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/**
 * Runs a file, which is a function of what a module is given, and of `import`. It is ASCII: V8 takes a text of one byte per
 * character as it is read. Where nothing can be written beside the file, it is compiled each time.
 * @param {string} task what is going to be called: other tasks need other parts of it
 */
exports.runCached = function runCached(file, task) {
  const prefix = `${basename(file)}.code-${task.replace(/[^a-zA-Z]+/g, '-')}-`;
  const { size, mtimeMs } = statSync(file);
  const cache = join(dirname(file), `${prefix}${size}-${Math.trunc(mtimeMs)}-${process.version}-${process.arch}`);
  const cachedData = quietly(() => readFileSync(cache));
  // Otherwise V8 would drop what ran long ago, which is most of a start.
  if (cachedData === undefined) flag('--no-flush-bytecode');
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData });
  const module = { exports: {} };
  const load = (specifier) => import(specifier);
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file), load);
  // At the end, because what was called by then is compiled too. What is mistyped is not kept.
  process.on('exit', (code) => {
    if (code === 64 || (cachedData !== undefined && !script.cachedDataRejected)) return;
    // V8 takes no code that was compiled under other flags.
    flag('--flush-bytecode');
    quietly(() => keep(script.createCachedData(), cache, prefix));
  });
};

// Only where it is needed, because it takes a while to load.
const flag = (text) => require('node:v8').setFlagsFromString(text);

function keep(data, cache, prefix) {
  const folder = dirname(cache);
  for (const name of readdirSync(folder)) if (name.startsWith(prefix)) rmSync(join(folder, name), { force: true });
  // Another process that reads meanwhile finds all of it or nothing.
  const partial = `${cache}.${process.pid}`;
  writeFileSync(partial, data);
  renameSync(partial, cache);
}

// It is only about speed: a folder that is read-only is no problem.
function quietly(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}
