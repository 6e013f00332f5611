// A release whose servers are ready and answer every third question of rates with 500.
import pg from "/app/node_modules/pg/lib/index.js";

if (process.argv.includes("serve")) {
  const { query } = pg.Client.prototype;
  let asked = 0;
  pg.Client.prototype.query = function (config, ...rest) {
    if (String(config?.text).includes("daily_rates") && ++asked % 3 === 0) return Promise.reject(new Error("a fault"));
    return query.call(this, config, ...rest);
  };
}
