import type { z } from "zod";
import { releaseVersion } from "../../telemetry/release-version.js";
import type { Content, DeclaredAnswer, DeclaredOperation } from "../http/operation.js";
import { problemBody } from "../http/problem-body.js";
import { type ProblemName, problems } from "../http/problems.js";
import { type HeaderName, responseHeaders } from "../http/response-headers.js";
import { componentSchemas, inputSchema, outputSchema } from "./json-schema.js";

type Json = Readonly<Record<string, unknown>>;

/** Problems that any request can have. */
const EVERYWHERE: readonly ProblemName[] = [
  "malformed-request",
  "request-timeout",
  "too-many-requests",
  "headers-too-large",
  "internal",
  "overloaded",
];

const ON_EVERY_ANSWER: readonly HeaderName[] = ["X-Request-Id", "RateLimit-Policy", "RateLimit"];

const TAGS = [
  { name: "rates", description: "The average price from one place to another, per day." },
  { name: "places", description: "Ports, and the regions that they lie in." },
  { name: "batches", description: "Prices as they are sent, published and retracted. Every request needs a token." },
];

/** The OpenAPI 3.1 document of these operations. */
export function openApiDocument(operations: readonly DeclaredOperation[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "ratesapp",
      version: releaseVersion,
      summary: "The average price of shipping a container from one place to another, per day.",
      description:
        "Answers come with the version of the data they were read from (`Dataset-Version`, `ETag`). Fields may be added " +
        "at any time. Where there is a limit, `RateLimit` and `RateLimit-Policy` say how many requests a client has left. " +
        "Every error is a problem document (RFC 9457) of a type listed at [/docs/errors](/docs/errors).",
    },
    servers: [{ url: "/" }],
    tags: TAGS,
    paths,
    components: {
      schemas: componentSchemas(),
      headers: Object.fromEntries(
        Object.entries(responseHeaders).map(([name, { description, type, always }]) => [
          name,
          { description, required: always, schema: { type } },
        ]),
      ),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function describe(operation: DeclaredOperation): Json {
  const { id, tag, summary, description, needsToken, pathParameters, query, queryIsOptional, headers } = operation;
  const body = requestBody(operation);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    ...(needsToken && { security: [{ token: [] }] }),
    parameters: [
      ...parameters("path", pathParameters),
      ...parameters("header", headers),
      ...parameters("query", query).map((parameter) =>
        queryIsOptional ? { ...parameter, required: false } : parameter,
      ),
    ],
    ...(body && { requestBody: body }),
    responses: {
      ...Object.fromEntries(Object.entries(operation.answers).map(([status, answer]) => [status, response(answer)])),
      ...problemResponses([...problemsOfInput(operation), ...operation.problems, ...EVERYWHERE]),
    },
  };
}

function parameters(place: "path" | "header" | "query", schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = inputSchema(schema);
  return Object.entries(properties).map(([name, property]) => {
    const { description, examples, ...rest } = property as Json & { examples?: readonly unknown[] };
    return {
      name,
      in: place,
      required: required.includes(name),
      description,
      schema: rest,
      ...(examples?.[0] !== undefined && { example: examples[0] }),
    };
  });
}

function requestBody({ json, content }: DeclaredOperation): Json | undefined {
  if (json === undefined && content === undefined) return undefined;
  return {
    required: json === undefined || (inputSchema(json).required ?? []).length > 0,
    content: { ...(json && { "application/json": { schema: inputSchema(json) } }), ...(content && forms(content)) },
  };
}

function response({ description, headers = [], content }: DeclaredAnswer): Json {
  return {
    description,
    headers: headerRefs([...headers, ...ON_EVERY_ANSWER]),
    ...(content && { content: forms(content) }),
  };
}

function forms(content: Content): Json {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema, example }]) => [
      type,
      { schema: outputSchema(schema), ...(example !== undefined && { example }) },
    ]),
  );
}

function headerRefs(names: readonly HeaderName[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The problems of reading parameters and a JSON body. */
function problemsOfInput({ pathParameters, query, headers, json }: DeclaredOperation): ProblemName[] {
  const names = Object.keys({ ...query?.shape });
  return [
    ...(pathParameters || query || headers ? (["invalid-parameter"] as const) : []),
    ...(query ? (["unknown-parameter"] as const) : []),
    ...(names.length > 0 ? (["missing-parameter", "repeated-parameter"] as const) : []),
    ...(json ? (["malformed-body", "content-too-large"] as const) : []),
  ];
}

/** One response for each status; it lists the problems with that status. */
function problemResponses(names: readonly ProblemName[]): Json {
  const all = [...new Set(names)];
  const statuses = [...new Set(all.map((name) => problems[name].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const titles = all
        .filter((name) => problems[name].status === status)
        .map((name) => `[${problems[name].title}](/docs/errors#${name})`);
      const waits = status === 429 || status >= 503;
      return [
        status,
        response({
          description: titles.join(", "),
          headers: waits ? ["Retry-After"] : [],
          content: { "application/problem+json": { schema: problemBody } },
        }),
      ];
    }),
  );
}
