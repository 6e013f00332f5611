import { z } from "zod";
import { mistakeInDatabaseUrl } from "./database-url.js";

/**
 * Thrown by {@link readSettings}. `mistakes` has a line for each wrong variable. Commands print these lines, so they do
 * not contain the value, which may be a password.
 */
export class SettingsError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(
      `The environment has ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`,
    );
    this.name = "SettingsError";
    this.mistakes = mistakes;
  }
}

const whole = (least: number, most: number) => {
  const rule = `must be a whole number from ${least} to ${most}`;
  // Only digits are accepted. To read a number from "0x10" or "1e3" would be a guess.
  const digits = z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number);
  return digits.pipe(z.number().min(least, rule).max(most, rule));
};
const oneOf = <const Choice extends string>(...choices: Choice[]) =>
  z.enum(choices, `must be one of ${choices.join(", ")}`);
const postgresUrl = z.string().superRefine((url, context) => {
  const message = mistakeInDatabaseUrl(url);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const MIB = 1024 * 1024;

/** Every variable that ratesapp reads, with its default. `ratesapp serve --help` shows the `describe` texts. */
export const environmentSchema = z.object({
  DATABASE_URL: postgresUrl.optional().describe("where writes go; without it and DATABASE_READ_URL, a local Postgres"),
  DATABASE_READ_URL: postgresUrl.optional().describe("where reads go (replicas); DATABASE_URL if not set"),
  DATABASE_POOL_SIZE: whole(1, 500).default(10).describe("connections for reads, to each of the two databases"),
  DATA_DIRECTORY: z.string().min(1).default(".data").describe("where the local Postgres keeps its files"),
  HOST: z
    .string()
    .optional()
    .describe("address to listen on, for both ports; every one of the machine, IPv6 and IPv4, if not set"),
  PORT: whole(0, 65535).default(3000).describe("port of the API; 0 takes a free one"),
  ADMIN_PORT: whole(0, 65535).default(9464).describe("port of /livez, /readyz and /metrics"),
  LOG_LEVEL: oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent")
    .default("info")
    .describe("least level that is logged"),
  LOG_FORMAT: oneOf("json", "pretty").optional().describe("pretty on a terminal, json elsewhere"),
  REQUEST_TIMEOUT_MS: whole(100, 600_000).default(5_000).describe("a request's deadline, retries included"),
  STATEMENT_TIMEOUT_MS: whole(50, 600_000).default(2_000).describe("one attempt of a read in the database"),
  CACHE_BYTES: whole(0, 4096 * MIB)
    .default(16 * MIB)
    .describe("memory for answers; 0 keeps none"),
  RATE_LIMIT_PER_SECOND: whole(0, 1_000_000).default(50).describe("requests per client and second; 0 turns it off"),
  RATE_LIMIT_BURST: whole(1, 10_000_000).default(500).describe("requests a client may send at once"),
  TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform((list) =>
      list
        .split(",")
        .map((entry) => entry.trim())
        .filter(Boolean),
    )
    .pipe(
      z.array(
        z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], "must be addresses or CIDR ranges, comma-separated"),
      ),
    )
    .describe("proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8"),
  WRITE_TOKENS_FILE: z.string().min(1).optional().describe("file of name:sha256 lines; without it no client can write"),
  DRAIN_SECONDS: whole(0, 3600).default(20).describe("longest wait for open requests when stopping"),
  PRE_STOP_SECONDS: whole(0, 600).default(0).describe("time to keep serving, not ready, after SIGTERM"),
  MAX_EVENT_LOOP_LAG_MS: whole(10, 60_000).default(250).describe("lag above which requests are shed with 503"),
  MAX_WAITING_QUERIES: whole(1, 100_000)
    .default(100)
    .describe("waiting queries above which requests are shed with 503"),
  FEEDS_FILE: z.string().min(1).optional().describe("JSON file of what `ingest run --feed NAME` loads"),
  OPERATOR_FILE: z.string().min(1).optional().describe("JSON file of how `operator` makes pods; the chart writes it"),
  DRILL_FILE: z.string().min(1).optional().describe("JSON file of the Cluster that `drill` makes; the stack writes it"),
  DRILL_DATABASE_URL: postgresUrl.optional().describe("the copy that `drill` restores"),
  DRILL_JOB: z
    .string()
    .regex(/^[^/]+\/[^/]+$/, "must be name/uid")
    .optional()
    .describe("name/uid of the Job that owns the copy of `drill`"),
  RETRACTABLE_DAYS: whole(0, 36_500).default(30).describe("days for which a batch can be retracted"),
});

export type Environment = z.output<typeof environmentSchema>;

/** Settings by the names that the code uses. The unit of a time is in its name. */
export interface Settings {
  readonly databaseUrl: string | undefined;
  readonly databaseReadUrl: string | undefined;
  readonly databasePoolSize: number;
  readonly dataDirectory: string;
  /** True if DATA_DIRECTORY was set; false if it is the default in the working directory. */
  readonly dataDirectoryGiven: boolean;
  readonly host: string | undefined;
  readonly port: number;
  readonly adminPort: number;
  readonly logLevel: Environment["LOG_LEVEL"];
  readonly logFormat: "json" | "pretty";
  readonly requestTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly cacheBytes: number;
  readonly rateLimitPerSecond: number;
  readonly rateLimitBurst: number;
  readonly trustedProxies: readonly string[];
  readonly writeTokensFile: string | undefined;
  readonly drainSeconds: number;
  readonly preStopSeconds: number;
  readonly maxEventLoopLagMs: number;
  readonly maxWaitingQueries: number;
  readonly feedsFile: string | undefined;
  readonly operatorFile: string | undefined;
  readonly drillFile: string | undefined;
  readonly drillDatabaseUrl: string | undefined;
  readonly drillJob: string | undefined;
  readonly retractableDays: number;
}

/**
 * Validates the environment once. An empty variable counts as not set.
 * @throws {SettingsError} naming every bad variable at once.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const given = Object.fromEntries(
    Object.keys(environmentSchema.shape).map((name) => [
      name,
      environment[name] === "" ? undefined : environment[name],
    ]),
  );
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    throw new SettingsError(parsed.error.issues.map((issue) => `${issue.path[0]?.toString()}: ${issue.message}`));
  }
  const values = parsed.data;
  if (values.PORT === values.ADMIN_PORT && values.PORT !== 0) {
    throw new SettingsError([`ADMIN_PORT: must be another port than PORT, which is ${values.PORT}`]);
  }
  return {
    databaseUrl: values.DATABASE_URL,
    databaseReadUrl: values.DATABASE_READ_URL,
    databasePoolSize: values.DATABASE_POOL_SIZE,
    dataDirectory: values.DATA_DIRECTORY,
    dataDirectoryGiven: given.DATA_DIRECTORY !== undefined,
    host: values.HOST,
    port: values.PORT,
    adminPort: values.ADMIN_PORT,
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT ?? (process.stderr.isTTY ? "pretty" : "json"),
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    statementTimeoutMs: values.STATEMENT_TIMEOUT_MS,
    cacheBytes: values.CACHE_BYTES,
    rateLimitPerSecond: values.RATE_LIMIT_PER_SECOND,
    rateLimitBurst: values.RATE_LIMIT_BURST,
    trustedProxies: values.TRUSTED_PROXIES,
    writeTokensFile: values.WRITE_TOKENS_FILE,
    drainSeconds: values.DRAIN_SECONDS,
    preStopSeconds: values.PRE_STOP_SECONDS,
    maxEventLoopLagMs: values.MAX_EVENT_LOOP_LAG_MS,
    maxWaitingQueries: values.MAX_WAITING_QUERIES,
    feedsFile: values.FEEDS_FILE,
    operatorFile: values.OPERATOR_FILE,
    drillFile: values.DRILL_FILE,
    drillDatabaseUrl: values.DRILL_DATABASE_URL,
    drillJob: values.DRILL_JOB,
    retractableDays: values.RETRACTABLE_DAYS,
  };
}
