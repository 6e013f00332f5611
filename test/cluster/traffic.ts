import { spawn } from "node:child_process";
import { once } from "node:events";
import { days } from "./deliveries/deliveries.js";
import { OUTSIDE, WORKLOADS } from "./staging.js";

/** How requests ended. */
export interface Traffic {
  readonly good: number;
  /** Statuses, and errors of connections. */
  readonly bad: readonly (number | string)[];
}

/**
 * Asks the API for rates of random ranges from inside the cluster, by `clients` at once with `pauseMs` after each
 * answer, until the function that it returns is called.
 */
export function traffic(clients: number, pauseMs: number): () => Promise<Traffic> {
  // A request has the API's own deadline, five seconds, and no second attempt.
  const script = `
    const days = ${JSON.stringify(days)};
    const pick = (from, below) => days[from + Math.floor(Math.random() * below)];
    const good = [], bad = [];
    process.stdin.on("data", () => { console.log(JSON.stringify({ good: good.length, bad })); process.exit(0); });
    const ask = async () => {
      const range = "&date_from=" + pick(0, 20) + "&date_to=" + pick(20, 20);
      const address = "http://ratesapp.${WORKLOADS}.svc/rates?origin=side_0&destination=world" + range;
      const response = await fetch(address, { signal: AbortSignal.timeout(6000) });
      await response.text();
      (response.ok ? good : bad).push(response.status);
    };
    for (let n = 0; n < ${clients}; n++) (async () => {
      for (;;) {
        await ask().catch((error) => bad.push(String(error.cause ?? error)));
        await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
      }
    })();`;
  const command = ["-n", OUTSIDE, "exec", "-i", "outsider", "--", "node", "--input-type=module", "-e", script];
  const asking = spawn("kubectl", command, { stdio: ["pipe", "pipe", "inherit"] });
  let answer = "";
  asking.stdout.on("data", (data: Buffer) => {
    answer += data;
  });
  return async () => {
    asking.stdin.write("\n");
    await once(asking, "close");
    return JSON.parse(answer) as Traffic;
  };
}
