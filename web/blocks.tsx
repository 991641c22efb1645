// A document of the service as elements of the page.
import { type Block, onOneLine, type RichLine } from '../lib/schema-docs/blocks.ts';
import { Rest } from './changes.tsx';
import { Link } from './router.tsx';

/** The address of an object's section. */
export type HrefOf = (id: string) => string;

/** The blocks of a document. */
export function Blocks({ blocks, hrefOf }: { readonly blocks: readonly Block[]; readonly hrefOf: HrefOf }) {
  return (
    <>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} hrefOf={hrefOf} />
      ))}
    </>
  );
}

function BlockView({ block, hrefOf }: { readonly block: Block; readonly hrefOf: HrefOf }) {
  if (block.is === 'table') return <BlockTable table={block} hrefOf={hrefOf} />;
  const line = <Line line={block.text} hrefOf={hrefOf} />;
  return block.is === 'heading' ? <h3>{line}</h3> : <p class="lines">{line}</p>;
}

// The page of documents has every object in a list of its own, with a search.
const mostRows = 200;

type TableBlock = Extract<Block, { readonly is: 'table' }>;

function BlockTable({ table, hrefOf }: { readonly table: TableBlock; readonly hrefOf: HrefOf }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard
    <div class="sideways" tabIndex={0}>
      <table class="document">
        <thead>
          <tr>
            {table.head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, mostRows).map((row, index) => (
            <tr key={index}>
              {row.map((cell, at) => (
                <td key={at}>
                  <Line line={cell} hrefOf={hrefOf} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Rest count={table.rows.length - mostRows} of="row" />
    </div>
  );
}

function Line({ line, hrefOf }: { readonly line: RichLine; readonly hrefOf: HrefOf }) {
  return (
    <>
      {line.map((inline, index) => {
        if (typeof inline === 'string') return inline;
        if ('code' in inline) return <code key={index}>{onOneLine(inline.code)}</code>;
        return (
          <Link key={index} href={hrefOf(inline.to.id)}>
            <code>{inline.label}</code>
          </Link>
        );
      })}
    </>
  );
}
