import type { Session } from "../../database/queries.js";
import type { PlacesAbove } from "./places-above.js";
import type { RateSums } from "./rate-sums.js";
import { writeRates } from "./write-rows.js";

/** The sums of lanes with a region at one end or both, made from those between ports. */
export class RegionSums {
  readonly #session: Session;
  readonly #firstDay: number;
  readonly #above: PlacesAbove;
  readonly #only: ReadonlySet<number> | undefined;
  readonly #sums: RateSums;

  /**
   * @param firstDay of the days of `sums`, in days since 2000-01-01.
   * @param sums empty, of days in one month.
   * @param only regions; a lane must have one of them at an end. All by default.
   */
  constructor(session: Session, firstDay: number, sums: RateSums, above: PlacesAbove, only?: ReadonlySet<number>) {
    this.#session = session;
    this.#firstDay = firstDay;
    this.#above = above;
    this.#only = only;
    this.#sums = sums;
  }

  /**
   * Adds the sums of ports to those of their regions, and writes these out when memory is short. The same prices must
   * not come twice.
   */
  async addPorts(batchId: number, ports: RateSums): Promise<void> {
    for (let lane = 0; lane < ports.lanes; lane += 1) {
      const origins = this.#above.get(ports.origin(lane)) ?? [];
      const destinations = this.#above.get(ports.destination(lane)) ?? [];
      for (const originId of origins) {
        for (const destinationId of destinations) {
          // The first of each is the port itself.
          if (originId === origins[0] && destinationId === destinations[0]) continue;
          if (this.#only && !this.#only.has(originId) && !this.#only.has(destinationId)) continue;
          // A lane of ports in a deep tree may alone be more than fits.
          if (this.#sums.room === 0) await this.write(batchId);
          this.#sums.addLane(originId, destinationId, ports, lane);
        }
      }
    }
  }

  /** Writes what it holds, for the batch that it is of, and begins anew. */
  async write(batchId: number): Promise<void> {
    await writeRates(this.#session, batchId, this.#firstDay, this.#sums);
    this.#sums.clear();
  }
}
