// How time and memory of what moves data grow with its size.
import { join } from 'node:path';
import { backupProgram } from './backups.ts';
import { type Bulk, bulks, inYard } from './bulk.ts';
import { cloneWays } from './clones.ts';
import { type Measured, once } from './measure.ts';
import type { Part } from './parts.ts';
import { type Line, median, type Ratio } from './table.ts';

const limit = 200 * 2 ** 20;

/** A tenth, the whole, and four times the size: each once, largest last. */
export const sizes =
  (gigabytes: number): Part =>
  async (desk) => [
    ...(await inYard(desk, 'sizes', async (yard) => {
      const lines: Line[] = [];
      const before = new Map<string, { size: number; measured: Measured }>();
      for (const size of [0.1, 1, 4].map((times) => Number((times * gigabytes).toPrecision(3)))) {
        const source = await yard.database(bulks[1] as Bulk, size);
        const folder = join(desk.directory, 'sized');
        const programs = [...cloneWays(desk, yard, source), backupProgram(desk, 'native', source, folder)];
        for (const program of programs) {
          const measured = await once(program);
          const part = `${size} GB ${yard.server.major}`;
          lines.push({ part, measured, ratio: memory(measured) });
          const last = before.get(program.name);
          if (last !== undefined) {
            const name = `${program.name}: time, of ${size / last.size} times as much`;
            lines.push({
              part,
              measured: { ...measured, name },
              ratio: growth(last.measured, measured, size / last.size),
            });
          }
          before.set(program.name, { size, measured });
        }
        await yard.empty('clone_target');
      }
      return lines;
    })),
  ];

function memory({ peak }: Measured): Ratio {
  return {
    values: peak === null ? [] : [peak / limit],
    promise: '< 200 MB',
    kept: (value) => value < 1,
  };
}

// What starts, checks and ends takes as long for little.
function growth(smaller: Measured, larger: Measured, times: number): Ratio {
  return {
    values: [median(larger.times) / median(smaller.times) / times],
    promise: '≤ 1.25 × in proportion',
    kept: (value) => value <= 1.25,
  };
}
