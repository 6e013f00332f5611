import type { Knex } from "knex";
import type pg from "pg";
import { z } from "zod";
import { datasetTag } from "../../rates/dataset-tag.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion } from "../answers/answer-question.js";
import { acceptJson } from "../http/accept-json.js";
import { parameterProblem } from "../http/problems.js";
import { readParameters } from "../http/read-parameters.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";

const DEFAULT_LIMIT = 100;
const MOST = 1000;

export const portsParameters = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `must be a whole number from 1 to ${MOST}`)
    .transform(Number)
    .pipe(z.number().max(MOST, `must be a whole number from 1 to ${MOST}`))
    .optional()
    .meta({ description: `Most ports on a page, 1 to ${MOST}; ${DEFAULT_LIMIT} if not given.`, examples: ["100"] }),
  cursor: z.string().optional().meta({ description: "`next_cursor` of the page before; the first page if not given." }),
});

interface PortRow {
  version: string;
  changed_at_ms: string;
  code: string | null;
  name: string | null;
  parent: string | null;
}

/** `GET /ports`: ports by code, a page at a time. The cursor is the last code, so pages hold still while ports are added. */
export function portsRoute(services: AnswerServices, knex: Knex): ApiMiddleware {
  return async function ports(ctx: ApiContext) {
    const { limit = DEFAULT_LIMIT, cursor } = readParameters(portsParameters, ctx.querystring);
    const after = cursor === undefined ? "" : readCursor(cursor);
    acceptJson(ctx);
    await answerQuestion(
      ctx,
      services,
      { key: `ports\0${limit}\0${after}`, statement: "ports", make: (client) => findPorts(knex, client, limit, after) },
      "Accept-Encoding",
    );
  };
}

async function findPorts(knex: Knex, client: pg.PoolClient, limit: number, after: string): Promise<Answer> {
  const page = knex("places")
    .where({ kind: "port" })
    .andWhere("code", ">", after)
    .orderBy("code")
    // One more than the page tells whether there is a next one.
    .limit(limit + 1)
    .as("p");
  // Joined to the dataset's row, so that the version and the ports are of one snapshot, and it is there without ports.
  const rows: PortRow[] = await knex("dataset")
    .leftJoin(page, knex.raw("true"))
    .leftJoin("places as parent", "parent.id", "p.parent_id")
    .select("dataset.version", "p.code", "p.name", "parent.code as parent")
    .select(knex.raw("(extract(epoch FROM dataset.changed_at) * 1000)::bigint AS changed_at_ms"))
    .orderBy("p.code")
    .connection(client);
  const [first] = rows;
  if (first === undefined) throw new Error("the table `dataset` has lost its row");
  const ports = rows
    .filter((row) => row.code !== null)
    .slice(0, limit)
    .map(({ code, name, parent }) => ({ code, name, parent }));
  const last = ports.at(-1)?.code;
  const body = { ports, next_cursor: rows.length > limit && last ? writeCursor(last) : null };
  const dataset = datasetTag(Number(first.version), Number(first.changed_at_ms));
  return new Answer(dataset, "application/json; charset=utf-8", JSON.stringify(body));
}

function writeCursor(code: string): string {
  return Buffer.from(code).toString("base64url");
}

function readCursor(cursor: string): string {
  const code = Buffer.from(cursor, "base64url").toString();
  if (writeCursor(code) === cursor && /^[A-Z0-9]{5}$/.test(code)) return code;
  const detail = "cursor must be the next_cursor of an answer.";
  throw parameterProblem([{ problem: "invalid-parameter", parameter: "cursor", detail }]);
}
