import type pg from "pg";
import { z } from "zod";
import { compose } from "../../database/compose.js";
import { Session } from "../../database/queries.js";
import { foldName } from "../../places/fold-name.js";
import type { DirectoryReading } from "../../places/place-directory.js";
import { ALL_CHANGED } from "../../rates/dataset-version.sql.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion } from "../answers/answer-question.js";
import { DATA_PROBLEMS, dataAnswers } from "../answers/data-operation.js";
import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import { paginationParameters } from "../http/pagination.js";
import type { ApiContext } from "../http/request.js";
import { storable } from "../http/storable-text.js";
import { describePort, portBody } from "./port-body.js";

const portsBody = z
  .object({
    ports: z.array(portBody),
    next_cursor: z.string().nullable().describe("For the parameter `cursor`; null on the last page."),
  })
  .meta({ id: "Ports" });

/** Where a page of ports ends: with which port and, in a search, how well that port matches. */
interface Position {
  readonly rank: number;
  readonly code: string;
}

const START: Position = { rank: -1, code: "" };

/**
 * `GET /ports`. The cursor is the last code of a page, so no port is missed or listed twice when others are added
 * meanwhile.
 */
export const listPorts = operation({
  id: "listPorts",
  method: "GET",
  path: "/ports",
  tag: "places",
  summary: "Ports by code, a page at a time; or those that a search finds, best first",
  query: z.strictObject({
    ...paginationParameters({ of: "ports", most: 1000, usual: 100, readCursor }),
    search: storable(z.string().max(200, "must have at most 200 characters"))
      .refine((text) => foldName(text) !== "", "must have a letter or a digit")
      .optional()
      .meta({
        description:
          "Only ports of which each word begins a word of the name, of another common name or of the country, or the " +
          "code. Case and accents do not matter.",
      }),
  }),
  answers: dataAnswers("A page of ports.", { "application/json": { schema: portsBody } }),
  problems: DATA_PROBLEMS,
  route: (services: AnswerServices, read) =>
    async function ports(ctx: ApiContext) {
      const { limit, cursor: after = START, search } = read.query(ctx);
      acceptJson(ctx);
      const wanted = search === undefined ? "" : foldName(search);
      const key = `ports\0${limit}\0${after.rank}\0${after.code}\0${wanted}`;
      const make = async (client: pg.PoolClient) =>
        wanted === ""
          ? findPorts(client, limit, after.code)
          : searchPorts(await services.places.read(new Session(client)), wanted, limit, after);
      await answerQuestion(ctx, services, { key, statement: "ports", make }, "Accept-Encoding");
    },
});

interface PortRow {
  version: string;
  all_version: string;
  all_changed_at_ms: string;
  code: string | null;
  name: string;
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
  const ports = rows.filter((row): row is PortRow & { code: string } => row.code !== null).slice(0, limit);
  const last = rows.length > limit ? ports.at(-1)?.code : undefined;
  const newest = { version: Number(first.all_version), atMs: Number(first.all_changed_at_ms) };
  const dataset = { version: Number(first.version), newest, months: undefined };
  return writePage(dataset, ports, last === undefined ? null : writeCursor(last));
}

function searchPorts({ dataset, index }: DirectoryReading, wanted: string, limit: number, after: Position): Answer {
  const found = index.search(wanted).filter(({ place: { kind, code }, rank }) => {
    const isAfter = rank > after.rank || (rank === after.rank && code > after.code);
    return kind === "port" && isAfter;
  });
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  const next = last === undefined ? null : writeCursor(`${last.rank}${last.place.code}`);
  return writePage(
    dataset,
    page.map(({ place }) => place),
    next,
  );
}

function writePage(
  dataset: Answer["dataset"],
  ports: readonly Parameters<typeof describePort>[0][],
  next: string | null,
): Answer {
  const body = { ports: ports.map(describePort), next_cursor: next };
  return new Answer(dataset, "application/json; charset=utf-8", JSON.stringify(body));
}

function writeCursor(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** Reads the code of a port; that of a search begins with the digit of the rank. */
function readCursor(cursor: string): Position | undefined {
  const text = Buffer.from(cursor, "base64url").toString();
  const [, rank = "0", code] = /^(\d?)([A-Z]{2}[A-Z0-9]{3})$/.exec(text) ?? [];
  return writeCursor(text) === cursor && code !== undefined ? { rank: Number(rank), code } : undefined;
}
