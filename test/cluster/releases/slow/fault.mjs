// A release whose servers are ready and take 1.5 s longer for every question of rates.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "/app/node_modules/pg/lib/index.js";

if (process.argv.includes("serve")) {
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (config, ...rest) {
    if (!String(config?.text).includes("daily_rates")) return query.call(this, config, ...rest);
    return sleep(1500).then(() => query.call(this, config, ...rest));
  };
}
