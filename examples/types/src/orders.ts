// A query with the types of src/database.ts.
import type pg from 'pg';
import type { Orders, OrdersInsert } from './database.js';

/** Places an order. The compiler refuses one without a total, or with an id. */
export async function placeOrder(client: pg.Client, order: OrdersInsert): Promise<Orders> {
  const { rows } = await client.query<Orders>('INSERT INTO orders (total) VALUES ($1) RETURNING *', [
    order.total,
  ]);
  return rows[0] as Orders;
}
