import { z } from "zod";
import { LONGEST_DEADLINE_SECONDS, MOST_BAD_ROWS } from "../../ingest/feeds.js";
import { isTimeZone, mistakeInSchedule, scheduleGrammar } from "./schedule.js";
import { type Rule, scheduleRules } from "./schedule-rules.js";

// What a feed is. The definition that Kubernetes holds feeds to (with its rules in CEL), the settings of a stack, the
// values of the chart and docs/feeds.md are made of this (build/feed-definition.ts), each with the same messages.

/** Names of the extension of OpenAPI that Kubernetes reads rules from. */
export const RULES = "x-kubernetes-validations";

/** Without this reason, the API server writes `Invalid value: "string"` before each message. */
const READABLE = { reason: "FieldValueForbidden" } as const;

const rules = (...given: readonly (Rule & { readonly fieldPath?: string })[]) => ({
  [RULES]: given.map((rule) => ({ ...rule, ...READABLE })),
});

const whole = (least: number, most: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return z.int(range).min(least, range).max(most, range);
};

/** @param pattern that RE2 and JavaScript read alike. */
const matching = (pattern: string, message: string, maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => new RegExp(pattern).test(text), message)
    .meta(rules({ rule: `self.matches(r"${pattern}")`, message }));

const kubernetesName = matching(
  "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
  "must be a Kubernetes name",
  253,
);

/** The name is part of names of objects and a label, so it is shorter than the application allows. */
export const feedNameRule = {
  pattern: "^[a-z]([-a-z0-9]{0,22}[a-z0-9])?$",
  message: "must be up to 24 lower-case letters, digits and dashes, begin with a letter and end with a letter or digit",
} as const;

const quantity = (pattern: string, message: string) =>
  z
    .union([z.string(), z.number()])
    .refine((value) => new RegExp(pattern).test(String(value)), message)
    .meta({
      "x-kubernetes-int-or-string": true,
      maxLength: 32,
      ...rules({ rule: `string(self).matches(r"${pattern}")`, message }),
    });
const memory = () => quantity("^[0-9]+(Ki|Mi|Gi|Ti|k|M|G|T)?$", 'must be a number of bytes such as "512Mi" or "20Gi"');
const quantities = z.object({
  cpu: quantity("^([0-9]+m|[0-9]+([.][0-9]{1,3})?)$", 'must be a number of cores such as "500m" or "2"')
    .optional()
    .describe(`CPU cores, such as "500m" or "2"`),
  memory: memory().optional().describe(`bytes of memory, such as "512Mi"`),
  "ephemeral-storage": memory().optional().describe(`bytes of local disk, such as "2Gi"`),
});
const resources = z
  .object({
    requests: quantities.optional().describe("What a node must have free to start a pod that loads"),
    limits: quantities.optional().describe("The most that a pod that loads may use"),
  })
  .meta(
    rules(
      ...["cpu", "memory"].map((name) => ({
        rule: `!has(self.requests) || !has(self.limits) || !has(self.requests.${name}) || !has(self.limits.${name}) || quantity(string(self.requests.${name})).compareTo(quantity(string(self.limits.${name}))) <= 0`,
        message: `requests.${name} is more than limits.${name}`,
      })),
    ),
  );

const SOURCE = "^([hH][tT][tT][pP][sS]?://[^/ ].*|[sS]3://[^/ ].*|/.*)$";
/** A user or password before the host. All who may see Feeds would read it. */
const USERINFO = "^[a-zA-Z0-9]+:[/][/][^/?#]*@";
/** A part of a path that is `..` would lead out of the volume. */
const UPWARDS = "(^|/)[.][.](/|$)";

/**
 * Variables that sources read and that are no secret. Any other variable may load code or settings into the pod, which
 * may write to the database.
 */
const VARIABLES = [
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "AWS_USE_FIPS_ENDPOINT",
];
const VARIABLE = `^(${VARIABLES.join("|")})$`;
const ONLY_VARIABLES = `can only have ${VARIABLES.join(", ")}; credentials belong in credentialsSecretName`;

const environment = z
  .record(z.string(), z.string().max(4096))
  .refine((given) => Object.keys(given).every((name) => new RegExp(VARIABLE).test(name)), ONLY_VARIABLES)
  .meta({
    maxProperties: VARIABLES.length,
    ...rules({ rule: `self.all(name, name.matches(r"${VARIABLE}"))`, message: ONLY_VARIABLES }),
  });

const volume = z.object({
  claimName: kubernetesName.describe("name of the PersistentVolumeClaim"),
  // At another path, such as /app, its files would replace those of the program. No part begins with a dot, because
  // /data/../app is /app.
  mountPath: matching(
    "^/(data|deliveries|mnt)(/[^/:.][^/:]*)*/?$",
    "must be /data, /deliveries or /mnt, or a folder below one of them",
    512,
  ).describe("/data, /deliveries, /mnt or below; source is this path or lies below it"),
});

const schedule = z
  .string()
  .min(1)
  .max(100)
  .superRefine((text, context) => {
    const mistake = mistakeInSchedule(text);
    if (mistake) context.addIssue(mistake);
  })
  .meta(rules(...scheduleRules));

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "must be a time zone such as Europe/Paris or Etc/UTC")
  .meta(
    rules({
      rule: `self.matches(r"${scheduleGrammar.timeZone}")`,
      message: "must be a time zone such as Europe/Paris or Etc/UTC",
    }),
  );

/** The fields of a feed, each with its default and what `kubectl explain feed.spec` says of it. */
export const feedFields = {
  source: matching(SOURCE, "must be http(s)://…, s3://… or an absolute path", 2048).describe(
    "Where deliveries come from: one http(s):// address, s3://bucket/prefix/ with / at its end for every object below it, s3://bucket/key for one object, or a file or folder of the volume",
  ),
  schedule: schedule.describe(
    "When runs begin: five cron fields as Kubernetes takes them (Sunday is 0), or @hourly, @daily, @every 90m. A run loads every delivery that is not known yet",
  ),
  timeZone: timeZone.default("Etc/UTC").describe("Time zone of the schedule"),
  suspend: z.boolean().default(false).describe("true: no runs by schedule; one can still be started on request"),
  mode: z
    .enum(["append", "replace"], "must be append or replace")
    .default("append")
    .describe("append adds prices; replace also hides the feed's earlier prices of the days that a delivery holds"),
  parallelism: whole(1, 200).default(1).describe("Pods that load one delivery together"),
  deadlineSeconds: whole(10, Math.min(604_800, LONGEST_DEADLINE_SECONDS))
    .default(3600)
    .describe(
      "A run that takes longer is stopped, and the next one goes on from there. (In a FEEDS_FILE of the command line the same name only warns, and stops nothing)",
    ),
  maxBadRows: whole(0, MOST_BAD_ROWS)
    .default(0)
    .describe(
      "Most bad lines of a delivery that are left out; with more, its batch fails. With a volume it needs rejectsClaimName",
    ),
  backoffLimit: whole(0, 100)
    .default(6)
    .describe("Pods that may be lost in a run (killed, out of memory) before it counts as failed"),
  successfulJobsHistoryLimit: whole(0, 100).default(3).describe("Jobs of good runs that are kept, with their logs"),
  failedJobsHistoryLimit: whole(0, 100).default(3).describe("Jobs of failed runs that are kept, with their logs"),
  credentialsSecretName: kubernetesName
    .optional()
    .describe("Secret of this namespace whose keys become environment variables, such as AWS_ACCESS_KEY_ID"),
  environment: environment.optional().describe(`Environment variables in the clear: ${VARIABLES.join(", ")}`),
  volume: volume.optional().describe("Claim with the files of a source that is a path, mounted read-only"),
  rejectsClaimName: kubernetesName
    .optional()
    .describe(
      "PersistentVolumeClaim for files with the lines that maxBadRows leaves out, to be repaired; the files belong to group 1000. Without it, only the database keeps the lines, for `ratesapp batches rejects` and GET /batches/{id}/rejects",
    ),
  resources: resources
    .optional()
    .describe("Requests and limits of each pod that loads; without it, those that the release has for all feeds"),
  egress: z
    .array(z.record(z.string(), z.unknown()).meta({ "x-kubernetes-preserve-unknown-fields": true }))
    .max(64)
    .optional()
    .describe(
      "NetworkPolicy egress rules of the pods that load. Without them, pods reach any host on the port of source, or for s3:// on that of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL in environment. Needed if the endpoint comes from the Secret or from the settings of all pods and has another port than 443",
    ),
  onDelete: z
    .enum(["Retain", "Retract"], "must be Retain or Retract")
    .default("Retain")
    .describe(
      "What becomes of the feed's prices when the Feed is deleted: Retain keeps them, Retract hides the batches that can still be retracted",
    ),
};

const PATH_HOLDS =
  '(self.source + "/").startsWith(self.volume.mountPath.endsWith("/") ? self.volume.mountPath : self.volume.mountPath + "/")';

/** Rules about several fields. */
const together: readonly (Rule & { path: string; holds: (spec: Together) => boolean })[] = [
  {
    path: "volume",
    rule: `!self.source.startsWith("/") || (has(self.volume) && ${PATH_HOLDS})`,
    message: "source is a path: volume must name the claim that it lies in, and mount it there or above",
    holds: ({ source, volume }) =>
      !source.startsWith("/") ||
      (volume !== undefined && `${source}/`.startsWith(`${volume.mountPath.replace(/\/$/, "")}/`)),
  },
  {
    path: "source",
    rule: `!self.source.matches(r"${USERINFO}")`,
    message:
      "has a user or password, which all who may see Feeds would read; keys for s3:// belong in credentialsSecretName, and for http(s):// see docs/feeds.md",
    holds: ({ source }) => !new RegExp(USERINFO).test(source),
  },
  {
    path: "source",
    rule: `!self.source.startsWith("/") || !self.source.matches(r"${UPWARDS}")`,
    message: "a path must not have .. in it",
    holds: ({ source }) => !source.startsWith("/") || !new RegExp(UPWARDS).test(source),
  },
  {
    path: "rejectsClaimName",
    rule: "!has(self.volume) || self.maxBadRows == 0 || has(self.rejectsClaimName)",
    message: "lines that maxBadRows leaves out are kept beside a file, and volume is read-only",
    holds: ({ volume, maxBadRows, rejectsClaimName }) =>
      volume === undefined || !maxBadRows || rejectsClaimName !== undefined,
  },
];

interface Together {
  readonly source: string;
  readonly volume?: { readonly mountPath: string } | undefined;
  readonly maxBadRows?: number | undefined;
  readonly rejectsClaimName?: string | undefined;
}

/** Checks the rules about several fields, for all schemas that contain a feed. */
export function refuseWhatDoesNotGoTogether(spec: Together, context: z.core.$RefinementCtx): void {
  for (const { path, holds, message } of together) {
    if (!holds(spec)) context.addIssue({ code: "custom", path: [path], message });
  }
}

/** `spec` of a Feed. */
export const feedSpec = z
  .object(feedFields)
  .superRefine(refuseWhatDoesNotGoTogether)
  .meta({
    description: "What is loaded, when and how",
    ...rules(...together.map(({ path, rule, message }) => ({ rule, message, fieldPath: `.${path}` }))),
  });

/** As the API server returns it, with defaults. */
export type FeedSpec = z.output<typeof feedSpec>;
/** As a user writes it, without defaults. */
export type GivenFeedSpec = z.input<typeof feedSpec>;
