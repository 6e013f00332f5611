import type pg from "pg";
import { z } from "zod";
import { compose } from "../../database/compose.js";
import { ALL_CHANGED } from "../../rates/dataset-version.sql.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion } from "../answers/answer-question.js";
import { DATA_PROBLEMS, dataAnswers } from "../answers/data-operation.js";
import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import type { ApiContext } from "../http/request.js";

const region = z
  .object({
    slug: z.string(),
    name: z.string(),
    ports: z
      .array(z.object({ code: z.string(), name: z.string() }))
      .describe("Ports that lie in this region directly."),
    get regions() {
      return z.array(region).describe("Regions that lie in this region directly.");
    },
  })
  .meta({ id: "Region" });

const regionsBody = z
  .object({ regions: z.array(region).describe("Regions that lie in no other.") })
  .meta({ id: "Regions" });

/** `GET /regions`: the tree of regions; each region has its ports and the regions directly inside it. */
export const listRegions = operation({
  id: "listRegions",
  method: "GET",
  path: "/regions",
  tag: "places",
  summary: "Regions as a tree, with their ports",
  query: z.strictObject({}),
  answers: dataAnswers("The tree.", { "application/json": { schema: regionsBody } }),
  problems: DATA_PROBLEMS,
  route: (services: AnswerServices, read) =>
    async function regions(ctx: ApiContext) {
      read.query(ctx);
      acceptJson(ctx);
      const make = (client: pg.PoolClient) => findRegions(client);
      await answerQuestion(ctx, services, { key: "regions", statement: "regions", make }, "Accept-Encoding");
    },
});

interface PlaceRow {
  version: string;
  all_version: string;
  all_changed_at_ms: string;
  /** Text, so that it can be compared with `parent_id`. */
  id: string | null;
  kind: "port" | "region";
  code: string;
  name: string;
  parent_id: string | null;
}

type Region = z.output<typeof region>;

async function findRegions(client: pg.PoolClient): Promise<Answer> {
  const rows: PlaceRow[] = await compose("dataset")
    .leftJoin("places as p", compose.raw("true"))
    .select("dataset.version", "p.kind", "p.code", "p.name")
    .select(compose.raw("p.id::text, p.parent_id::text"))
    .select(compose.raw(ALL_CHANGED))
    .orderBy("p.code")
    .connection(client);
  const [first] = rows;
  if (first === undefined) throw new Error("the table `dataset` has lost its row");
  const newest = { version: Number(first.all_version), atMs: Number(first.all_changed_at_ms) };
  const dataset = { version: Number(first.version), newest, months: undefined };
  return new Answer(dataset, "application/json; charset=utf-8", JSON.stringify(makeTree(rows)));
}

/** Builds the tree. Ports without a region have no place in it; /ports lists them. */
function makeTree(rows: readonly PlaceRow[]): { regions: Region[] } {
  const regions = new Map<string, Region>();
  for (const { id, kind, code, name } of rows) {
    if (id !== null && kind === "region") regions.set(id, { slug: code, name, ports: [], regions: [] });
  }
  const roots: Region[] = [];
  for (const { id, kind, code, name, parent_id } of rows) {
    const parent = parent_id === null ? undefined : regions.get(parent_id);
    if (kind === "port") parent?.ports.push({ code, name });
    const region = id === null ? undefined : regions.get(id);
    if (region !== undefined) (parent?.regions ?? roots).push(region);
  }
  return { regions: roots };
}
