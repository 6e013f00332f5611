import { z } from "zod";
import { batchStates } from "../../batches/batch-state.js";

/** How many of a feed's newest batches its status lists. */
export const LISTED_BATCHES = 10;

const count = () => z.int().min(0);
const instant = () => z.iso.datetime();

const batch = z.object({
  id: count().describe("Number of the batch, as in `ratesapp batches show`"),
  source: z.string().describe("Name of the delivery"),
  state: z
    .enum(batchStates)
    .describe("loading, auditing, audited, published, retracted, failed, duplicate or compacted"),
  rows: count().describe("Prices that were loaded"),
  badRows: count().describe("Lines that were not"),
  createdAt: instant().describe("When it was planned"),
  endedAt: instant().optional().describe("When it was published, or failed"),
  seconds: count().optional().describe("From its plan to its end"),
  failure: z.string().optional().describe("Why it failed"),
});

const current = z.object({
  id: count().describe("Number of the batch"),
  source: z.string().describe("Name of the delivery"),
  state: z.enum(batchStates).describe("loading, auditing or audited"),
  progressPercent: count().optional().describe("Of loading and audit together; absent if its size is not known"),
  rows: count().describe("Prices loaded so far"),
  bytes: count().optional().describe("Of the whole delivery; absent if not known"),
  bytesLoaded: count().describe("Of it, loaded so far"),
  rowsPerSecond: count().optional().describe("In the last minute"),
  auditParts: count().describe("Parts of the audit"),
  auditPartsDone: count().describe("Of them, done"),
  readAt: instant().describe("When this was so"),
  estimatedEnd: instant().optional().describe("When it will be published"),
  deadlineAt: instant().optional().describe("When it should be published"),
});

/** The conditions of a Feed. */
export const conditionTypes = ["Ready", "Ingesting", "Late", "LastBatchSucceeded", "Stalled"] as const;

const condition = z.object({
  type: z.enum(conditionTypes).describe("Which of the conditions"),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds"),
  observedGeneration: count().optional().describe("The generation of the spec that this was said of"),
  lastTransitionTime: instant().describe("When status last changed"),
  reason: z.string().describe("One word for programs"),
  message: z.string().describe("A sentence for people"),
});

/** `status` of a Feed. */
export const feedStatus = z
  .object({
    observedGeneration: count().optional().describe("The generation of the spec that the operator has acted on"),
    state: z.string().optional().describe("All conditions in one word, as `kubectl get feeds` shows it"),
    message: z.string().optional().describe("Why it is in this state, in few words"),
    inForceSince: instant().optional().describe("When this generation came into force; runs are due from then on"),
    nextRun: z.string().optional().describe("When the schedule starts the next run"),
    lastRunRequest: z.string().optional().describe("The newest feeds.ratesapp.dev/run-at that was acted on"),
    madeUpFor: z
      .string()
      .optional()
      .describe("Uid of the CronJob; a run that was missed before it was made has been started"),
    lastRun: z.string().optional().describe("Name of the Job of the newest run"),
    current: current.optional().describe("The batch that is being made"),
    batches: z.array(batch).max(LISTED_BATCHES).optional().describe("The newest batches, newest first"),
    conditions: z
      .array(condition)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
      .describe("Ready, Ingesting, Late and LastBatchSucceeded; Stalled while only a change of the Feed can help"),
  })
  .describe("What became of it; the operator's alone to write");

export type FeedStatus = z.output<typeof feedStatus>;
export type FeedBatch = z.output<typeof batch>;
export type CurrentBatch = z.output<typeof current>;
export type Condition = z.output<typeof condition>;
export type ConditionType = (typeof conditionTypes)[number];
