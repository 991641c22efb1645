#!/usr/bin/env node
// Starts the built program. In a clone whose install scripts did not run, it is built first.
import { existsSync } from 'node:fs';
import module from 'node:module';

// Node 22 and later keep compiled code on disk: a third less to start.
module.enableCompileCache?.();

const built = new URL('../dist/bin.js', import.meta.url);
if (!existsSync(built)) await import('../build.js');
await import(built.href);
