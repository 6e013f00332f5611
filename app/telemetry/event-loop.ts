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
 * Measures how late the event loop runs: the mean over a short window. The maximum would be wrong, because one pause of
 * the garbage collector is no overload. A queue of requests, however, delays every turn of the loop.
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

  /** Ends the measurement; {@link lagMs} keeps its last value. */
  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #read(): void {
    // The histogram measures whole intervals, so the resolution is subtracted. Its mean is NaN if nothing was measured.
    const meanMs = this.#histogram.mean / 1e6 - RESOLUTION_MS;
    this.#histogram.reset();
    this.#lagMs = Number.isFinite(meanMs) ? Math.max(0, meanMs) : 0;
    lagGauge.set(this.#lagMs / 1000);
  }
}
