import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge } from "prom-client";
import { registry } from "./registry.js";

const RESOLUTION_MS = 10;
const WINDOW_MS = 200;

const lagGauge = new Gauge({
  name: "ratesapp_event_loop_lag_seconds",
  help: "Mean delay of the event loop over the last fifth of a second",
  registers: [registry],
});

/**
 * How late the event loop runs. The mean over a short window and not its maximum: one pause of the garbage collector
 * is no overload, while a queue of requests delays every turn.
 */
export class EventLoopLag {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #lagMs = 0;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#read(), WINDOW_MS);
    this.#timer.unref();
  }

  get lagMs(): number {
    return this.#lagMs;
  }

  /** Ends the measurement; {@link lagMs} stays as it is. */
  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #read(): void {
    // The histogram holds whole intervals: the resolution is not lag. It is empty (NaN) if nothing was measured.
    const meanMs = this.#histogram.mean / 1e6 - RESOLUTION_MS;
    this.#histogram.reset();
    this.#lagMs = Number.isFinite(meanMs) ? Math.max(0, meanMs) : 0;
    lagGauge.set(this.#lagMs / 1000);
  }
}
