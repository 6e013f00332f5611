import { z } from "zod";
import { releaseVersion } from "../telemetry/build-info.js";
import { type ProblemName, problems } from "./problems.js";
import { ratesParameters } from "./rates-parameters.js";
import { portsParameters } from "./routes/ports.js";
import { regionsParameters } from "./routes/regions.js";
import { portsBody, problemBody, ratesBody, region, regionsBody } from "./schemas.js";

type Json = Record<string, unknown>;

/** Any request may meet these. */
const EVERYWHERE: readonly ProblemName[] = ["too-many-requests", "internal", "overloaded"];
const FROM_DATABASE: readonly ProblemName[] = ["database-away", "timeout"];

/** The OpenAPI 3.1 document, from the schemas that requests are validated with and answers are tested against. */
export function openApiDocument(): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "ratesapp",
      version: releaseVersion,
      summary: "The average price of shipping a container from one place to another, per day.",
      description:
        "Answers come with the version of the data they were read from (`Dataset-Version`, `ETag`). Fields may be added " +
        "at any time. Every error is a problem document (RFC 9457) of a type listed at [/docs/errors](/docs/errors).",
    },
    servers: [{ url: "/" }],
    paths: {
      "/rates": {
        get: {
          operationId: "getRates",
          summary: "Average price and number of prices of each day",
          description:
            "Both places may be ports or regions of any depth. Every day of the range is there, newest first.",
          parameters: parameters(ratesParameters),
          responses: {
            200: answer("The rates.", {
              "application/json": { schema: ref("Rates") },
              "text/csv": { schema: { type: "string" }, example: "day,price,count\r\n2021-01-31,1234.5,3\r\n" },
            }),
            304: notModified,
            ...problemResponses([
              "unknown-place",
              "missing-parameter",
              "unknown-parameter",
              "repeated-parameter",
              "conflicting-parameters",
              "invalid-parameter",
              "invalid-date",
              "reversed-dates",
              "range-too-long",
              "not-acceptable",
              ...FROM_DATABASE,
            ]),
          },
        },
      },
      "/ports": {
        get: {
          operationId: "listPorts",
          summary: "Ports by code, a page at a time",
          parameters: parameters(portsParameters),
          responses: {
            200: answer("A page of ports.", { "application/json": { schema: ref("Ports") } }),
            304: notModified,
            ...problemResponses([
              "invalid-parameter",
              "unknown-parameter",
              "repeated-parameter",
              "not-acceptable",
              ...FROM_DATABASE,
            ]),
          },
        },
      },
      "/regions": {
        get: {
          operationId: "listRegions",
          summary: "Regions as a tree, with their ports",
          parameters: parameters(regionsParameters),
          responses: {
            200: answer("The tree.", { "application/json": { schema: ref("Regions") } }),
            304: notModified,
            ...problemResponses(["unknown-parameter", "not-acceptable", ...FROM_DATABASE]),
          },
        },
      },
    },
    components: { schemas: componentSchemas(), headers: HEADERS },
  };
}

const HEADERS: Json = {
  "Dataset-Version": {
    description: "Grows with every change of the data; equal versions, equal answers.",
    schema: { type: "integer" },
  },
  ETag: { description: "For If-None-Match.", schema: { type: "string" } },
  "Server-Timing": { description: "Where the time went, in milliseconds.", schema: { type: "string" } },
  "X-Request-Id": { description: "The client's own if it sent one, else a new one.", schema: { type: "string" } },
  "Retry-After": { description: "Seconds until another try makes sense.", schema: { type: "string" } },
};

const header = (name: string) => ({ $ref: `#/components/headers/${name}` });

const notModified: Json = {
  description: "The client has this answer: If-None-Match names its ETag.",
  headers: { ETag: header("ETag"), "Dataset-Version": header("Dataset-Version") },
};

function answer(description: string, content: Json): Json {
  return {
    description,
    headers: {
      "Dataset-Version": header("Dataset-Version"),
      ETag: header("ETag"),
      "Server-Timing": header("Server-Timing"),
      "X-Request-Id": header("X-Request-Id"),
    },
    content,
  };
}

/** One response for each status, with what can cause it. */
function problemResponses(names: readonly ProblemName[]): Json {
  const all = [...names, ...EVERYWHERE];
  const statuses = [...new Set(all.map((name) => problems[name].status))];
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: all
          .filter((name) => problems[name].status === status)
          .map((name) => `[${problems[name].title}](/docs/errors#${name})`)
          .join(", "),
        headers: {
          "X-Request-Id": header("X-Request-Id"),
          ...(status === 429 || status >= 503 ? { "Retry-After": header("Retry-After") } : {}),
        },
        content: { "application/problem+json": { schema: ref("Problem") } },
      },
    ]),
  );
}

function parameters(schema: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const { description, examples, ...rest } = property as Json & { examples?: unknown[] };
    return {
      name,
      in: "query",
      required: required.includes(name),
      description,
      schema: rest,
      ...(examples?.[0] === undefined ? {} : { example: examples[0] }),
    };
  });
}

const ref = (id: string): Json => ({ $ref: `#/components/schemas/${id}` });

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries({
    Rates: ratesBody,
    Ports: portsBody,
    Region: region,
    Regions: regionsBody,
    Problem: problemBody,
  })) {
    registry.add(schema, { id });
  }
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `#/components/schemas/${id}`,
    // A client may send what it likes, a service may add what it likes: answers are open.
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}
