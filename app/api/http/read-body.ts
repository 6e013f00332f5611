import type { z } from "zod";
import { type ParameterMistake, ProblemError, parameterProblem } from "./problems.js";
import type { ApiContext } from "./request.js";

const MOST_JSON_BYTES = 64 * 1024;

/** Refuses a body whose Content-Length is too large, before any of it is read. @throws {ProblemError} */
export function refuseLargeBody(ctx: ApiContext, maxBytes: number): void {
  if (ctx.request.length === undefined || ctx.request.length <= maxBytes) return;
  throw new ProblemError("content-too-large", `A body may have ${maxBytes} bytes; send it in several pieces.`);
}

/** Thrown when the client has closed its connection, so that no answer can reach it. */
export class ClientGoneError extends Error {
  constructor() {
    super("The client went away in the middle of its body.");
    this.name = "ClientGoneError";
  }
}

/** The chunks of the body. If a reader stops in the middle, the connection stays open for the answer. */
export function chunksOf(ctx: ApiContext): AsyncIterable<Buffer> {
  return ctx.req.iterator({ destroyOnReturn: false });
}

/** Parses the body as JSON; an empty body counts as `{}`. @throws {ProblemError} that lists each wrong member. */
export async function readJson<Schema extends z.ZodType>(schema: Schema, ctx: ApiContext): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(await readText(ctx)));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(
    (issue): ParameterMistake => ({
      problem: "malformed-body",
      parameter: issue.path.join(".") || (issue.code === "unrecognized_keys" ? issue.keys.join(", ") : "body"),
      detail: `${issue.path.join(".") || "The body"}: ${issue.message}.`,
    }),
  );
  throw parameterProblem(mistakes as [ParameterMistake, ...ParameterMistake[]]);
}

async function readText(ctx: ApiContext): Promise<string> {
  refuseLargeBody(ctx, MOST_JSON_BYTES);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(ctx)) {
    bytes += chunk.length;
    if (bytes > MOST_JSON_BYTES) throw new ProblemError("content-too-large", "The JSON is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProblemError("malformed-body", `The body is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
