import type { z } from "zod";
import type { ProblemName } from "./problems.js";
import { readJson } from "./read-body.js";
import { readParameters, readValues } from "./read-parameters.js";
import type { ApiContext, ApiRoute } from "./request.js";
import type { HeaderName } from "./response-headers.js";

/** Schemas of a body, by media type. */
export type Content = Readonly<Record<string, { readonly schema: z.ZodType; readonly example?: unknown }>>;

/** An answer with one status. */
export interface DeclaredAnswer {
  readonly description: string;
  /** Headers in addition to those of every answer. */
  readonly headers?: readonly HeaderName[];
  /** Undefined for an answer without a body. */
  readonly content?: Content;
}

/** What a method on a path takes and answers. The OpenAPI document is made from this. */
export interface DeclaredOperation {
  /** Unique. Generated clients name their functions after it. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT";
  /** Path with its parameters in braces: `/batches/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** True if a request needs a bearer token. */
  readonly needsToken?: boolean;
  readonly pathParameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** True if a JSON body may be sent instead of the query. */
  readonly queryIsOptional?: boolean;
  readonly headers?: z.ZodObject;
  /** Schema of a JSON body. The body is optional: without one, the members are those of an empty object. */
  readonly json?: z.ZodObject;
  /** A body that is not JSON. It is required, unless `json` is declared too. */
  readonly content?: Content;
  /** The answers that are no problem, by status. */
  readonly answers: Readonly<Record<number, DeclaredAnswer>>;
  /** Problems in addition to those of any request and of each kind of parameter. */
  readonly problems: readonly ProblemName[];
}

/** An operation and its handler. */
export interface Operation<Services> extends DeclaredOperation {
  /** Called once for each application. The returned handler is called for each request. */
  readonly route: (services: Services) => ApiRoute;
}

type Read<Schema> = Schema extends z.ZodType ? z.output<Schema> : never;

/** Reads the parts of a request by their schemas. Each method throws a {@link ProblemError} that lists the mistakes. */
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

/** Declares an operation. Its route reads requests with the schemas that the OpenAPI document is made from. */
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
