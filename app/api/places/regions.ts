import type { Knex } from "knex";
import type pg from "pg";
import { z } from "zod";
import { datasetTag } from "../../rates/dataset-tag.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion } from "../answers/answer-question.js";
import { acceptJson } from "../http/accept-json.js";
import { readParameters } from "../http/read-parameters.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";

export const regionsParameters = z.strictObject({});

interface PlaceRow {
  version: string;
  changed_at_ms: string;
  /** As text, so that both ids are equal whatever their types. */
  id: string | null;
  kind: "port" | "region";
  code: string;
  name: string;
  parent_id: string | null;
}

interface Region {
  slug: string;
  name: string;
  ports: { code: string; name: string }[];
  regions: Region[];
}

/** `GET /regions`: every region in the one above it, with the ports that lie in it directly. */
export function regionsRoute(services: AnswerServices, knex: Knex): ApiMiddleware {
  return async function regions(ctx: ApiContext) {
    readParameters(regionsParameters, ctx.querystring);
    acceptJson(ctx);
    await answerQuestion(
      ctx,
      services,
      { key: "regions", statement: "regions", make: (client) => findRegions(knex, client) },
      "Accept-Encoding",
    );
  };
}

async function findRegions(knex: Knex, client: pg.PoolClient): Promise<Answer> {
  const rows: PlaceRow[] = await knex("dataset")
    .leftJoin("places as p", knex.raw("true"))
    .select("dataset.version", "p.kind", "p.code", "p.name")
    .select(knex.raw("p.id::text, p.parent_id::text"))
    .select(knex.raw("(extract(epoch FROM dataset.changed_at) * 1000)::bigint AS changed_at_ms"))
    .orderBy("p.code")
    .connection(client);
  const [first] = rows;
  if (first === undefined) throw new Error("the table `dataset` has lost its row");
  const dataset = datasetTag(Number(first.version), Number(first.changed_at_ms));
  return new Answer(dataset, "application/json; charset=utf-8", JSON.stringify(makeTree(rows)));
}

/** Ports without a region have no place in the tree; /ports has them. */
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
