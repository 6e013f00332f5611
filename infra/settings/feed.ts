import { z } from "zod";
import { objectName } from "./kubernetes-name.js";
import { resources } from "./resources.js";
import { schedule, timeZone } from "./schedule.js";

/** The sources of `ratesapp ingest run --source`, except standard input. */
const SOURCE = /^(https?:\/\/|s3:\/\/|(?![a-z][a-z0-9+.-]*:\/\/)[^-])/i;

/** A feed in the form of the chart (charts/ratesapp/values.schema.json). The chart has the defaults. */
export const feed = z.strictObject({
  schedule,
  timeZone: timeZone.optional(),
  source: z.string().regex(SOURCE, "must be http(s)://…, s3://… or a path"),
  mode: z.enum(["append", "replace"]).optional(),
  parallelism: z.int().min(1).max(200).optional(),
  deadlineSeconds: z.int().min(10).max(604_800).optional(),
  maxBadRows: z.int().min(0).max(1_000_000_000).optional(),
  backoffLimit: z.int().min(0).max(100).optional(),
  suspend: z.boolean().optional(),
  resources: resources.optional(),
  /** An existing Secret. With `feedCredentials`, the program makes one. */
  credentialsSecretName: objectName.optional(),
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).optional(),
  volume: z.strictObject({ claimName: objectName, mountPath: z.string().startsWith("/") }).optional(),
  rejectsClaimName: objectName.optional(),
  /** Egress rules of a NetworkPolicy. */
  egress: z.array(z.record(z.string(), z.unknown())).optional(),
});

/** It becomes part of the names of Kubernetes objects, so it is shorter than the application allows. */
export const feedName = z
  .string()
  .regex(/^[a-z]([-a-z0-9]{0,22}[a-z0-9])?$/, "must be up to 24 lower-case letters, digits and dashes");
