// Prints what `python print_schema.py` printed (SQLAlchemy 2.1.9), so that this example needs no Python.
import { readFileSync } from 'node:fs';

process.stdout.write(readFileSync(new URL('recorded/print-schema.sql', import.meta.url), 'utf8'));
