import Koa from "koa";
import pg from "pg";
import { findRatesSql } from "../../app/rates/find-rates.sql.js";

/** A run of days, as the statement describes it; pg makes texts of bigint. */
interface Row {
  readonly first: number | null;
  readonly visible: number;
  readonly counts: readonly string[];
  readonly sums: readonly string[];
}

/**
 * The least that can answer from the database: Koa, one pg pool and the same prepared statement; no validation, cache,
 * limits, retries, metrics, headers or logs. Peer of a question that is not in memory.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = new Koa();
app.use(async (context) => {
  const { date_from, date_to, origin, destination } = context.query as Record<string, string>;
  const [firstMonth = "", lastMonth = ""] = [date_from?.slice(0, 7), date_to?.slice(0, 7)];
  const { rows } = await pool.query<Row>({
    name: `${firstMonth} ${lastMonth}`,
    text: findRatesSql(firstMonth, lastMonth),
    values: [origin, destination, date_from, date_to],
  });
  const from = Date.parse(date_from as string);
  const length = (Date.parse(date_to as string) - from) / 86_400_000 + 1;
  const counts = new Array<number>(length).fill(0);
  const sums = new Array<number>(length).fill(0);
  for (const row of rows) {
    if (row.first === null) continue;
    for (const [index, count] of row.counts.entries()) {
      const day = row.first + index;
      if (day < 0 || day >= length || (row.visible & (1 << index)) === 0) continue;
      counts[day] = (counts[day] ?? 0) + Number(count);
      sums[day] = (sums[day] ?? 0) + Number(row.sums[index]);
    }
  }
  const rates = [];
  for (let day = length - 1; day >= 0; day -= 1) {
    const count = counts[day] ?? 0;
    rates.push({
      count: count || null,
      day: new Date(from + day * 86_400_000).toISOString().slice(0, 10),
      price: count < 3 ? null : (sums[day] ?? 0) / count,
    });
  }
  context.body = { rates };
});
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
