#!/usr/bin/env node
// Starts the built program. In a clone whose install scripts did not run, it is built first.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

// Node 22 and later keep compiled code on disk: a third less to start.
require('node:module').enableCompileCache?.();

const built = join(__dirname, '../dist/bin.cjs');
if (existsSync(built)) require(built);
else import('../build.js').then(() => require(built));
