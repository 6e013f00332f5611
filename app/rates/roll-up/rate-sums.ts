/**
 * The first memory; most batches have few lanes. If each batch took all the memory at once, garbage collection would
 * take half of the time of small batches.
 */
const FIRST_BYTES = 256 * 1024;

/**
 * Counts and sums of prices by lane (a pair of origin and destination) and day, for at most one month of days. The
 * memory has room for a fixed number of lanes: when {@link room} gets small, the caller writes the sums to the database
 * and calls {@link clear}. Rates that are written in two parts add up to the same totals.
 */
export class RateSums {
  /** Number of lanes now; they are numbered from 0. */
  lanes = 0;
  readonly #bytes: number;
  /** All arrays are views of this buffer, so that every part of the work uses the same memory. */
  #buffer: ArrayBuffer;
  #days = 0;
  /** Number of lanes that fit into the current buffer. */
  #mostLanes = 0;
  /**
   * For each lane and day a count and a sum, next to each other, so that both are read from memory at once. A double
   * holds whole numbers up to 2^53 exactly; batch_days checks this limit.
   */
  #cells = new Float64Array();
  #origins = new Int32Array();
  #destinations = new Int32Array();
  /** Lane + 1 by hash of its two places, 0 for an empty slot (open addressing, at most half full). */
  #table = new Int32Array();

  /** Begins with a month of 31 days. @param bytes limit of its memory; it takes little until there are many lanes. */
  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#buffer = new ArrayBuffer(Math.min(bytes, FIRST_BYTES));
    this.begin(31);
  }

  get days(): number {
    return this.#days;
  }

  /** Clears all sums, and from now on counts this many days. With fewer days there is room for more lanes. */
  begin(days: number): void {
    this.clear();
    this.#days = days;
    this.#arrange();
  }

  /** Divides the current buffer into arrays, for the current number of days. */
  #arrange(): void {
    const days = this.#days;
    this.#mostLanes = this.#lanesIn(this.#buffer.byteLength);
    const lanes = this.#mostLanes;
    let at = 0;
    const next = (bytes: number) => {
      at += bytes;
      return at - bytes;
    };
    this.#cells = new Float64Array(this.#buffer, next(16 * lanes * days), 2 * lanes * days);
    this.#origins = new Int32Array(this.#buffer, next(4 * lanes), lanes);
    this.#destinations = new Int32Array(this.#buffer, next(4 * lanes), lanes);
    this.#table = new Int32Array(this.#buffer, at, 2 ** Math.ceil(Math.log2(2 * lanes)));
  }

  #lanesIn(bytes: number): number {
    return Math.max(1, Math.floor(bytes / (16 * this.#days + 8 + 16)));
  }

  /** Number of further lanes that fit. */
  get room(): number {
    return this.#lanesIn(this.#bytes) - this.lanes;
  }

  /** @param day index from the first day, which is 0. @returns the lane. */
  add(originId: number, destinationId: number, day: number, count: number, sum: number): number {
    const lane = this.#lane(originId, destinationId);
    this.#addTo(lane, day, count, sum);
    return lane;
  }

  /** Adds a lane of other sums to a lane of these. */
  addLane(originId: number, destinationId: number, from: RateSums, lane: number): void {
    const own = this.#lane(originId, destinationId);
    for (let day = 0; day < this.#days; day += 1) this.#addTo(own, day, from.count(lane, day), from.sum(lane, day));
  }

  /** Id of the place where the lane begins. */
  origin(lane: number): number {
    return this.#origins[lane] as number;
  }

  /** Id of the place where the lane ends. */
  destination(lane: number): number {
    return this.#destinations[lane] as number;
  }

  /** Number of prices. @param day index from the first day, which is 0. */
  count(lane: number, day: number): number {
    return this.#cells[2 * (lane * this.#days + day)] as number;
  }

  /** Sum of prices in dollars. @param day index from the first day, which is 0. */
  sum(lane: number, day: number): number {
    return this.#cells[2 * (lane * this.#days + day) + 1] as number;
  }

  /** All lanes, ordered by origin and destination, like the index into which their rows are written. */
  inOrder(): Uint32Array {
    const order = new Uint32Array(this.lanes);
    for (let lane = 0; lane < this.lanes; lane += 1) order[lane] = lane;
    return order.sort((a, b) => this.origin(a) - this.origin(b) || this.destination(a) - this.destination(b));
  }

  /** Clears all sums. All memory is zero afterwards, whatever arrays are made of it next. */
  clear(): void {
    this.#cells.fill(0, 0, 2 * this.lanes * this.#days);
    this.#origins.fill(0, 0, this.lanes);
    this.#destinations.fill(0, 0, this.lanes);
    this.#table.fill(0);
    this.lanes = 0;
  }

  #addTo(lane: number, day: number, count: number, sum: number): void {
    const cell = 2 * (lane * this.#days + day);
    this.#cells[cell] = (this.#cells[cell] as number) + count;
    this.#cells[cell + 1] = (this.#cells[cell + 1] as number) + sum;
  }

  /** The lane between two places; it is added if it does not exist yet. */
  #lane(originId: number, destinationId: number): number {
    const at = this.#find(originId, destinationId);
    const lane = (this.#table[at] as number) - 1;
    return lane < 0 ? this.#addLane(at, originId, destinationId) : lane;
  }

  /** Slot of the lane in the table, or the empty slot where it would be added. */
  #find(originId: number, destinationId: number): number {
    const mask = this.#table.length - 1;
    const hash = Math.imul(originId, 0x9e3779b1) ^ Math.imul(destinationId, 0x85ebca77);
    for (let at = (hash ^ (hash >>> 15)) & mask; ; at = (at + 1) & mask) {
      const lane = (this.#table[at] as number) - 1;
      if (lane < 0 || (this.#origins[lane] === originId && this.#destinations[lane] === destinationId)) return at;
    }
  }

  #addLane(at: number, originId: number, destinationId: number): number {
    if (this.lanes === this.#mostLanes) {
      this.#grow();
      return this.#addLane(this.#find(originId, destinationId), originId, destinationId);
    }
    const lane = this.lanes;
    this.lanes += 1;
    this.#table[at] = this.lanes;
    this.#origins[lane] = originId;
    this.#destinations[lane] = destinationId;
    return lane;
  }

  /** Moves all sums into a buffer of the full size. */
  #grow(): void {
    if (this.room === 0) throw new RangeError("no room for another lane");
    const { lanes } = this;
    const cells = this.#cells;
    const origins = this.#origins;
    const destinations = this.#destinations;
    this.#buffer = new ArrayBuffer(this.#bytes);
    this.#arrange();
    this.#cells.set(cells.subarray(0, 2 * lanes * this.#days));
    this.#origins.set(origins.subarray(0, lanes));
    this.#destinations.set(destinations.subarray(0, lanes));
    for (let lane = 0; lane < lanes; lane += 1)
      this.#table[this.#find(this.origin(lane), this.destination(lane))] = lane + 1;
  }
}
