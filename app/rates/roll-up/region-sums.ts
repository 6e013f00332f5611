import type { Session } from "../../database/queries.js";
import type { PlacesAbove } from "./places-above.js";
import type { RateSums } from "./rate-sums.js";
import { writeRates } from "./write-rows.js";

/** Sums of lanes that have a region at one end or at both. They are made from the sums between ports. */
export class RegionSums {
  readonly #session: Session;
  readonly #firstDay: number;
  readonly #above: PlacesAbove;
  readonly #only: ReadonlySet<number> | undefined;
  readonly #sums: RateSums;

  /**
   * @param firstDay first day of `sums`, in days since 2000-01-01.
   * @param sums empty, for days of one month.
   * @param only if given, only lanes with at least one of these regions are summed.
   */
  constructor(session: Session, firstDay: number, sums: RateSums, above: PlacesAbove, only?: ReadonlySet<number>) {
    this.#session = session;
    this.#firstDay = firstDay;
    this.#above = above;
    this.#only = only;
    this.#sums = sums;
  }

  /**
   * Adds the sums between ports to the sums of their regions. When memory gets short, it writes the sums of the regions
   * to the database. The same prices must not be added twice.
   */
  async addPorts(batchId: number, ports: RateSums): Promise<void> {
    for (let lane = 0; lane < ports.lanes; lane += 1) {
      const origins = this.#above.get(ports.origin(lane)) ?? [];
      const destinations = this.#above.get(ports.destination(lane)) ?? [];
      for (const originId of origins) {
        for (const destinationId of destinations) {
          // The first id of each list is the port itself.
          if (originId === origins[0] && destinationId === destinations[0]) continue;
          if (this.#only && !this.#only.has(originId) && !this.#only.has(destinationId)) continue;
          // In a deep tree, the lanes above one pair of ports may already fill the memory.
          if (this.#sums.room === 0) await this.write(batchId);
          this.#sums.addLane(originId, destinationId, ports, lane);
        }
      }
    }
  }

  /** Writes all sums for a batch to the database and clears them. */
  async write(batchId: number): Promise<void> {
    await writeRates(this.#session, batchId, this.#firstDay, this.#sums);
    this.#sums.clear();
  }
}
