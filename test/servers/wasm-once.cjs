// Loaded into each Node process of a test run: V8 compiles each function of a WebAssembly module once. By
// default it compiles what runs often a second time, with optimization. For a process with an embedded
// database that is 40 % of its CPU time, and processes of tests are too short to get it back.
const { setFlagsFromString } = require('node:v8');

for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);
