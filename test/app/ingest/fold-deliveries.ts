import { foldAll } from "../../../app/upkeep/fold.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { deliver, type Price } from "./deliveries.js";
import { plant, type Tree } from "./tree.js";

export const DAYS = ["2024-01-30", "2024-01-31", "2024-02-01"];

/** A database with three ports for each test of folds, and what is delivered to it. */
export class FoldDeliveries {
  readonly database: TestDatabase;
  readonly tree: Tree;

  private constructor(database: TestDatabase, tree: Tree) {
    this.database = database;
    this.tree = tree;
  }

  static async create(): Promise<FoldDeliveries> {
    const database = await createDatabase();
    const tree = await plant(database.pool, { regionParents: [-1, 0], portParents: [1, 1, 0] });
    return new FoldDeliveries(database, tree);
  }

  prices(nth: number, days = DAYS): Price[] {
    return days.map((day, index) => ({
      origin: this.tree.ports[nth % 3] as number,
      destination: this.tree.ports[(nth + index) % 3] as number,
      day,
      price: 100 + nth,
    }));
  }

  /**
   * Publishes deliveries.
   * @param fanIn if given, makes the folds that are due after each delivery, with this `fanIn`.
   */
  async deliverMany(count: number, fanIn?: number): Promise<number[]> {
    const ids: number[] = [];
    for (let nth = 0; nth < count; nth += 1) {
      ids.push(await deliver(this.database.pool, { prices: this.prices(nth) }));
      if (fanIn !== undefined) await foldAll(this.database, { fanIn });
    }
    return ids;
  }

  async number(query: string): Promise<number> {
    return Number((await this.database.pool.query(query)).rows[0].n);
  }

  /** The most rows that a question about a month reads of a feed. */
  mostRows(): Promise<number> {
    return this.number(`SELECT max(count) AS n FROM (
      SELECT count(*) FROM daily_rates GROUP BY origin_id, destination_id, date_trunc('month', first_day)) lane`);
  }
}
