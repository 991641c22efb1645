#!/usr/bin/env node
// Starts the built program. In a clone whose install scripts did not run, it is built first.
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { runCached } = require('./cached.cjs');

const built = join(__dirname, '../dist/bin.cjs');
if (existsSync(built)) runCached(built, process.argv[2] ?? '');
else import('../build.js').then(() => runCached(built, process.argv[2] ?? ''));
