import { z } from "zod";
import { type BatchState, batchStates } from "../../batches/batch-state.js";

/** How many of a feed's newest batches its status lists. */
export const LISTED_BATCHES = 10;

/** States of a batch that has not ended. */
export const unfinishedStates = ["loading", "auditing", "audited"] as const satisfies readonly BatchState[];

const count = () => z.int().min(0);
const instant = () => z.iso.datetime();

const batch = z.object({
  id: count().describe("Number of the batch, as in `ratesapp batches show`"),
  source: z.string().describe("Name of the delivery"),
  state: z.enum(batchStates).describe("State of the batch; docs/ingest.md says what each means"),
  rows: count().describe("Prices of the batch"),
  badRows: count().describe("Lines of the delivery that were not loaded, because they are bad"),
  createdAt: instant().describe("When the batch was planned"),
  endedAt: instant().optional().describe("When the batch was published, or failed"),
  seconds: count().optional().describe("Seconds from the plan of the batch to its end"),
  failure: z.string().optional().describe("Why the batch failed"),
});

const current = z.object({
  id: count().describe("Number of the batch"),
  source: z.string().describe("Name of the delivery"),
  state: z.enum(unfinishedStates).describe("State of the batch; docs/ingest.md says what each means"),
  progressPercent: count()
    .optional()
    .describe(
      "How much of loading and audit together is done, in percent; absent if the size of the delivery is not known",
    ),
  rows: count().describe("Prices loaded so far"),
  bytes: count().optional().describe("Bytes of the whole delivery; absent if not known"),
  bytesLoaded: count().describe("Bytes of the delivery that are loaded so far"),
  rowsPerSecond: count().optional().describe("Prices loaded per second, in the last minute"),
  auditParts: count().describe("Parts that the audit of the batch has"),
  auditPartsDone: count().describe("Parts of the audit that are done"),
  readAt: instant().describe("When the operator read the progress of the batch"),
  estimatedEnd: instant().optional().describe("When the batch will be published, at the speed so far"),
  deadlineAt: instant().optional().describe("When the batch should be published: deadlineSeconds after its plan"),
});

/** The conditions of a Feed. */
export const conditionTypes = ["Ready", "Ingesting", "Late", "LastBatchSucceeded", "Stalled"] as const;

const condition = z.object({
  type: z.enum(conditionTypes).describe("Name of the condition"),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether the condition holds"),
  observedGeneration: count().optional().describe("Generation of the Feed's spec that the condition is about"),
  lastTransitionTime: instant().describe("When the status of the condition last changed"),
  reason: z.string().describe("Why the condition has its status, in one word for programs"),
  message: z.string().describe("Why the condition has its status, in a sentence for people"),
});

/** `status` of a Feed. */
export const feedStatus = z
  .object({
    observedGeneration: count().optional().describe("Generation of the spec that the operator has acted on"),
    state: z
      .string()
      .optional()
      .describe("All conditions in one word, as `kubectl get feeds` shows it; docs/feeds.md lists the words"),
    message: z.string().optional().describe("Why the Feed is in its state, in few words"),
    inForceSince: instant()
      .optional()
      .describe("When the operator put the present spec into force; runs are due from then on"),
    nextRun: z.string().optional().describe("When the schedule starts the next run"),
    lastRunRequest: z
      .string()
      .optional()
      .describe("Newest value of the annotation feeds.ratesapp.dev/run-at for which a run was started"),
    madeUpFor: z
      .string()
      .optional()
      .describe(
        "Uid of the CronJob for which the operator has looked whether a run was missed before that CronJob was made, and has started it if so. It does so once for each new CronJob",
      ),
    lastRun: z.string().optional().describe("Name of the Job of the newest run"),
    current: current.optional().describe("Batch that is being loaded or audited, with its progress"),
    batches: z.array(batch).max(LISTED_BATCHES).optional().describe("The newest batches of the feed, newest first"),
    conditions: z
      .array(condition)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
      .describe(
        "Ready, Ingesting, Late and LastBatchSucceeded; and Stalled while trying again does not help, so that the Feed must be changed",
      ),
  })
  .describe("What became of the Feed; only the operator writes it");

export type FeedStatus = z.output<typeof feedStatus>;
export type FeedBatch = z.output<typeof batch>;
export type CurrentBatch = z.output<typeof current>;
export type Condition = z.output<typeof condition>;
export type ConditionType = (typeof conditionTypes)[number];
