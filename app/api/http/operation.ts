import type { z } from "zod";
import type { ProblemName } from "./problems.js";
import { readJson } from "./read-body.js";
import { readParameters, readValues } from "./read-parameters.js";
import type { ApiContext, ApiRoute } from "./request.js";
import type { HeaderName } from "./response-headers.js";

/** Forms of a body, by media type. */
export type Content = Readonly<Record<string, { readonly schema: z.ZodType; readonly example?: unknown }>>;

/** An answer with one status. */
export interface DeclaredAnswer {
  readonly description: string;
  /** Headers beside those that every answer has. */
  readonly headers?: readonly HeaderName[];
  /** Nothing for an answer without a body. */
  readonly content?: Content;
}

/** What a method on a path takes and answers: all that the OpenAPI document says of it. */
export interface DeclaredOperation {
  /** Unique; clients that are generated from the document name their functions after it. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT";
  /** With parameters as in `/batches/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** True if a request needs a bearer token. */
  readonly needsToken?: boolean;
  readonly pathParameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** True if a JSON body can stand in place of the query. */
  readonly queryIsOptional?: boolean;
  readonly headers?: z.ZodObject;
  /** Of a JSON body, which may always be left out: it is then an empty object. */
  readonly json?: z.ZodObject;
  /** Of a body that is not JSON, and is required unless `json` stands beside it. */
  readonly content?: Content;
  /** By status, all that are no problem. */
  readonly answers: Readonly<Record<number, DeclaredAnswer>>;
  /** Problems beside those that any request, and each kind of parameter, can meet. */
  readonly problems: readonly ProblemName[];
}

/** An operation, and what answers it. */
export interface Operation<Services> extends DeclaredOperation {
  /** Called once for each application; what it returns, for each request. */
  readonly route: (services: Services) => ApiRoute;
}

type Read<Schema> = Schema extends z.ZodType ? z.output<Schema> : never;

/**
 * Reads the parts of a request as they are declared. Each method throws a {@link ProblemError} that names the
 * mistakes.
 */
export interface RequestReader<Path, Query, Headers, Json> {
  pathParameters(ctx: Parameters<ApiRoute>[0]): Read<Path>;
  query(ctx: ApiContext): Read<Query>;
  headers(ctx: ApiContext): Read<Headers>;
  json(ctx: ApiContext): Promise<Read<Json>>;
}

interface Declaration<
  Services,
  Path extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Headers extends z.ZodObject | undefined,
  Json extends z.ZodObject | undefined,
> extends DeclaredOperation {
  readonly pathParameters?: NonNullable<Path>;
  readonly query?: NonNullable<Query>;
  readonly headers?: NonNullable<Headers>;
  readonly json?: NonNullable<Json>;
  readonly route: (services: Services, read: RequestReader<Path, Query, Headers, Json>) => ApiRoute;
}

/** Declares an operation, whose route reads requests by the same schemas that the OpenAPI document is made from. */
export function operation<
  Services,
  Path extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Headers extends z.ZodObject | undefined = undefined,
  Json extends z.ZodObject | undefined = undefined,
>(declared: Declaration<Services, Path, Query, Headers, Json>): Operation<Services> {
  const { pathParameters, query, headers, json, route } = declared;
  const given = <Schema>(schema: Schema | undefined): Schema => {
    if (schema === undefined) throw new Error(`${declared.id} reads what it does not declare`);
    return schema;
  };
  const read = {
    pathParameters: (ctx) => readValues(given(pathParameters), ctx.params),
    query: (ctx) => readParameters(given(query), ctx.querystring),
    headers: (ctx) => {
      const names = Object.keys(given(headers).shape);
      return readValues(given(headers), Object.fromEntries(names.map((name) => [name, ctx.get(name) || undefined])));
    },
    json: (ctx) => readJson(given(json), ctx),
  } as RequestReader<Path, Query, Headers, Json>;
  return { ...declared, route: (services) => route(services, read) };
}
