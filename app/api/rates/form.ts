import { ProblemError } from "../http/problems.js";
import type { ApiContext } from "../http/request.js";

/** The form of an answer about rates. */
export type Form = "json" | "csv";

export const CONTENT_TYPES: Readonly<Record<Form, string>> = {
  json: "application/json; charset=utf-8",
  /** A header line and a line for each rate, each ended by CR and LF. An empty field means null. */
  csv: "text/csv; charset=utf-8; header=present",
};

/**
 * @param only the form of a path with only one; if not given, the client chooses with its Accept header.
 * @throws {ProblemError} `not-acceptable` if the client accepts no form of this path.
 */
export function chooseForm(ctx: ApiContext, only?: Form): Form {
  return only === undefined ? preferredForm(ctx) : acceptForm(ctx, only);
}

function preferredForm(ctx: ApiContext): Form {
  const accept = ctx.req.headers.accept;
  if (accept === undefined || accept === "*/*" || accept === "application/json") return "json";
  const type = ctx.accepts("application/json", "text/csv");
  if (type === "application/json") return "json";
  if (type === "text/csv") return "csv";
  throw new ProblemError("not-acceptable", "This path has application/json and text/csv.");
}

function acceptForm(ctx: ApiContext, form: Form): Form {
  const [type = ""] = CONTENT_TYPES[form].split(";", 1);
  if (ctx.req.headers.accept === undefined || ctx.accepts(type)) return form;
  throw new ProblemError("not-acceptable", `This path has ${type}.`);
}
