import type pg from "pg";
import { z } from "zod";
import { compose } from "../../database/compose.js";
import { ALL_CHANGED } from "../../rates/dataset-version.sql.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion } from "../answers/answer-question.js";
import { DATA_PROBLEMS, dataAnswers } from "../answers/data-operation.js";
import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import { paginationParameters } from "../http/pagination.js";
import type { ApiContext } from "../http/request.js";

const portsBody = z
  .object({
    ports: z.array(
      z.object({
        code: z.string().describe("UN/LOCODE."),
        name: z.string(),
        parent: z.string().nullable().describe("Slug of the region that the port lies in; null for none."),
      }),
    ),
    next_cursor: z.string().nullable().describe("For the parameter `cursor`; null on the last page."),
  })
  .meta({ id: "Ports" });

/**
 * `GET /ports`. The cursor is the last code of a page, so no port is missed or listed twice when others are added
 * meanwhile.
 */
export const listPorts = operation({
  id: "listPorts",
  method: "GET",
  path: "/ports",
  tag: "places",
  summary: "Ports by code, a page at a time",
  query: z.strictObject(paginationParameters({ of: "ports", most: 1000, usual: 100, readCursor })),
  answers: dataAnswers("A page of ports.", { "application/json": { schema: portsBody } }),
  problems: DATA_PROBLEMS,
  route: (services: AnswerServices, read) =>
    async function ports(ctx: ApiContext) {
      const { limit, cursor: after = "" } = read.query(ctx);
      acceptJson(ctx);
      const key = `ports\0${limit}\0${after}`;
      const make = (client: pg.PoolClient) => findPorts(client, limit, after);
      await answerQuestion(ctx, services, { key, statement: "ports", make }, "Accept-Encoding");
    },
});

interface PortRow {
  version: string;
  all_version: string;
  all_changed_at_ms: string;
  code: string | null;
  name: string | null;
  parent: string | null;
}

async function findPorts(client: pg.PoolClient, limit: number, after: string): Promise<Answer> {
  const page = compose("places")
    .where({ kind: "port" })
    .andWhere("code", ">", after)
    .orderBy("code")
    // One more row than the page holds shows whether there is a next page.
    .limit(limit + 1)
    .as("p");
  // Ports are joined to the row of `dataset`. So version and ports come from one snapshot, and the version is there
  // even without ports.
  const rows: PortRow[] = await compose("dataset")
    .leftJoin(page, compose.raw("true"))
    .leftJoin("places as parent", "parent.id", "p.parent_id")
    .select("dataset.version", "p.code", "p.name", "parent.code as parent")
    .select(compose.raw(ALL_CHANGED))
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
  const newest = { version: Number(first.all_version), atMs: Number(first.all_changed_at_ms) };
  const dataset = { version: Number(first.version), newest, months: undefined };
  return new Answer(dataset, "application/json; charset=utf-8", JSON.stringify(body));
}

function writeCursor(code: string): string {
  return Buffer.from(code).toString("base64url");
}

function readCursor(cursor: string): string | undefined {
  const code = Buffer.from(cursor, "base64url").toString();
  return writeCursor(code) === cursor && /^[A-Z0-9]{5}$/.test(code) ? code : undefined;
}
