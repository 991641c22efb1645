// Written by pgmage db:types from schema/schema.sql. Run db:types again instead of editing it.
// Columns of views and results of functions may be NULL, because PostgreSQL does not say otherwise.

export type Status = 'open' | 'paid';

export interface Orders {
  id: string;
  /** In euros. */
  total: string;
  status: Status;
  placed_at: Date;
}

/** A new row of {@link Orders}. */
export interface OrdersInsert {
  total: string | number | bigint;
  status?: Status;
  placed_at?: Date | string;
}

/** The changes of a row of {@link Orders}. */
export type OrdersUpdate = Partial<OrdersInsert>;
