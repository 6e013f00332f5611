import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { migrate } from "../database/migrate.js";
import { demoToken } from "../demo/demo-token.js";
import type { DemoOptions } from "../demo/load-demo.js";
import { readSettings, type Settings } from "../settings.js";
import { createLogger, type Logger } from "../telemetry/logger.js";
import { type CommandDatabase, openCommandDatabase } from "./command-database.js";
import { UsageError } from "./failure.js";
import { type Addresses, serveUntil } from "./serve-until.js";
import { stopSignal } from "./stop-signal.js";

const DAY_MS = 86_400_000;

/** `ratesapp demo`, which `npm start` runs. */
export function demoCommand(): Command {
  return new Command("demo")
    .description("Serve a year of generated prices: everything that serve does, on data to look at.")
    .addHelpText(
      "after",
      `
Starts a local Postgres (or takes DATABASE_URL), migrates it, loads generated ports, regions and prices unless they are
there, and serves without a limit of requests, to this machine alone unless HOST says otherwise. It serves as soon as the
prices of the last month are there; those before come while it does. A database that holds other data is served as it is.

Examples:
  ratesapp demo
  PORT=8080 DATA_DIRECTORY=/tmp/rates ratesapp demo`,
    )
    .action(async () => {
      const given = readSettings();
      // The demo prints its write token and has no rate limit. So only this machine can reach it, unless HOST is set.
      const settings: Settings = { ...given, host: given.host ?? "127.0.0.1", rateLimitPerSecond: 0 };
      const logger = createLogger(settings);
      const stop = stopSignal();
      const database = await openCommandDatabase(settings);
      const over = new AbortController();
      const signal = AbortSignal.any([stop, over.signal]);
      const { lastMonth, all } = load(database, signal, logger);
      all.catch((error: unknown) => over.abort(error));
      try {
        await lastMonth;
        const demo = settings.writeTokensFile ? undefined : await demoToken(settings.dataDirectory);
        const writeTokensFile = demo?.writeTokensFile ?? settings.writeTokensFile;
        await serveUntil(signal, database, { ...settings, writeTokensFile }, logger, (addresses) => {
          process.stdout.write(whereToLook(addresses, demo?.token ?? `one of ${writeTokensFile}`));
        });
        await all;
      } finally {
        over.abort();
        await all.catch(() => {});
        await database.close();
      }
    });
}

/** The page shows this many days at first. */
const MONTH_DAYS = 31;

interface Load {
  /** Resolves when the last month is published. If the load ends before, it settles at that moment. */
  readonly lastMonth: Promise<void>;
  readonly all: Promise<void>;
}

function load({ writeUrl, local }: CommandDatabase, signal: AbortSignal, logger: Logger): Load {
  const progress = showProgress(logger);
  const work = async (onProgress: DemoOptions["onProgress"]) => {
    if (writeUrl === undefined)
      throw new UsageError("DATABASE_URL: is needed to load the data; only DATABASE_READ_URL is set");
    if (!local) await migrate(writeUrl);
    // Imported here and not at the top: loading it computes the distances across all seas, which no other command
    // needs.
    const { loadDemo } = await import("../demo/load-demo.js");
    const lastDay = Math.floor(Date.now() / DAY_MS) - 1;
    const loaded = await loadDemo({ url: writeUrl, lastDay, signal, log: logger, onProgress });
    if (!loaded) logger.info("the database holds data of its own; none are generated");
  };
  let showLastMonth = () => {};
  const shown = new Promise<void>((resolve) => {
    showLastMonth = resolve;
  });
  const all = work((days, total) => {
    progress.update(days, total);
    if (days >= Math.min(MONTH_DAYS, total)) showLastMonth();
  }).finally(() => progress.end());
  return { lastMonth: Promise.race([shown, all]), all };
}

interface Progress {
  readonly update: (days: number, total: number) => void;
  readonly end: () => void;
}

/** Shows a bar on a terminal, else a log line for each quarter. Shows nothing if nothing has to be loaded. */
function showProgress(logger: Logger): Progress {
  if (process.stderr.isTTY) {
    const bar = new SingleBar({
      format: "Generating prices {bar} {percentage}% | {value} of {total} days",
      clearOnComplete: true,
    });
    return {
      update(days, total) {
        if (total === 0) return;
        if (bar.isActive) bar.update(days);
        else bar.start(total, days);
      },
      end: () => bar.stop(),
    };
  }
  let quarters = 0;
  return {
    update(days, total) {
      if (total === 0 || Math.floor((4 * days) / total) === quarters) return;
      quarters = Math.floor((4 * days) / total);
      logger.info({ days, of_days: total }, "generating prices");
    },
    end() {},
  };
}

function whereToLook({ apiUrl, adminUrl }: Addresses, token: string): string {
  return `
  Rates          ${apiUrl}/?origin=china&destination=europe
  Batches        ${apiUrl}/batches
                 token: ${token}
  API            ${apiUrl}/docs
  Health         ${adminUrl}/readyz
  Metrics        ${adminUrl}/metrics

Ctrl-C stops everything.
`;
}
