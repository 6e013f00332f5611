import { z } from "zod";
import { releaseVersion } from "../../telemetry/build-info.js";
import { batchesParameters, failBody, newBatch, publishBody } from "../batches/batches.js";
import { type ProblemName, problems } from "../http/problems.js";
import { portsParameters } from "../places/ports.js";
import { regionsParameters } from "../places/regions.js";
import { ratesParameters } from "../rates/rates-parameters.js";
import {
  batchBody,
  batchesBody,
  pieceBody,
  portsBody,
  problemBody,
  ratesBody,
  region,
  regionsBody,
} from "./schemas.js";

type Json = Record<string, unknown>;

/** Any request may meet these. */
const EVERYWHERE: readonly ProblemName[] = [
  "malformed-request",
  "request-timeout",
  "too-many-requests",
  "headers-too-large",
  "internal",
  "overloaded",
];
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
        "at any time. Where there is a limit, `RateLimit` and `RateLimit-Policy` say how many requests a client has left. " +
        "Every error is a problem document (RFC 9457) of a type listed at [/docs/errors](/docs/errors).",
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
            ...problemResponses(["invalid-parameter", "unknown-parameter", "not-acceptable", ...FROM_DATABASE]),
          },
        },
      },
      ...batchPaths(),
    },
    components: {
      schemas: componentSchemas(),
      headers: HEADERS,
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

const ABOUT_BATCHES: readonly ProblemName[] = ["unauthorized", "read-only", "database-away"];
const ABOUT_ONE_BATCH: readonly ProblemName[] = ["invalid-parameter", "unknown-batch", ...ABOUT_BATCHES];
const ABOUT_BODIES: readonly ProblemName[] = [
  "content-too-large",
  "unsupported-media-type",
  "bad-lines",
  "unreadable-body",
  "too-many-uploads",
];

function batchPaths(): Json {
  const security = [{ token: [] }];
  const id = { name: "id", in: "path", required: true, schema: { type: "integer" } };
  const plain = (description: string, schema: string, headers: Json = {}): Json => ({
    description,
    headers: { "X-Request-Id": header("X-Request-Id"), ...headers },
    content: { "application/json": { schema: ref(schema) } },
  });
  const batch = (description: string, headers: Json = {}) => plain(description, "Batch", headers);
  const located = { Location: { description: "Path of the batch.", schema: { type: "string" } } };
  const prices: Json = {
    "text/csv": { schema: { type: "string" }, example: "orig_code,dest_code,day,price\nCNSGH,NLRTM,2021-01-31,1234\n" },
    "application/x-ndjson": { schema: { type: "string" } },
  };
  return {
    "/batches": {
      get: {
        operationId: "listBatches",
        summary: "Batches, newest first, a page at a time",
        security,
        parameters: parameters(batchesParameters),
        responses: {
          200: plain("A page of batches.", "Batches"),
          ...problemResponses([
            "invalid-parameter",
            "unknown-parameter",
            "repeated-parameter",
            "not-acceptable",
            ...ABOUT_BATCHES,
          ]),
        },
      },
      post: {
        operationId: "openBatch",
        summary: "Open a batch, or send one as a single body",
        description:
          "With JSON, the batch is opened and its pieces follow by PUT. With prices as the body (the same members as " +
          "parameters), the batch is cut into pieces as it arrives; after a broken connection, the same request goes on " +
          "behind the pieces that are loaded. Either way nothing is visible before `POST /batches/{id}/publish`.",
        security,
        parameters: [
          {
            name: "Idempotency-Key",
            in: "header",
            required: true,
            description: "The same key finds the same batch.",
            schema: { type: "string" },
          },
          ...parameters(newBatch).map((parameter) => ({ ...parameter, required: false })),
        ],
        requestBody: { content: { "application/json": { schema: bodySchema(newBatch) }, ...prices } },
        responses: {
          202: batch("The batch, at Location.", located),
          ...problemResponses([
            "missing-parameter",
            "unknown-parameter",
            "repeated-parameter",
            "invalid-parameter",
            "malformed-body",
            "batch-state",
            "batch-incomplete",
            "batch-failed",
            "key-reused",
            ...ABOUT_BODIES,
            ...ABOUT_BATCHES,
          ]),
        },
      },
    },
    "/batches/{id}": {
      get: {
        operationId: "getBatch",
        summary: "One batch: how far it is, and its bad lines",
        security,
        parameters: [id],
        responses: { 200: batch("The batch."), ...problemResponses(["not-acceptable", ...ABOUT_ONE_BATCH]) },
      },
    },
    "/batches/{id}/pieces/{number}": {
      put: {
        operationId: "putPiece",
        summary: "Load a piece of a batch",
        description:
          "Pieces come in any order and several at a time; CSV has its header in each. Sending the same bytes again " +
          "changes nothing. A broken connection leaves nothing of the piece.",
        security,
        parameters: [id, { name: "number", in: "path", required: true, schema: { type: "integer", minimum: 0 } }],
        requestBody: { required: true, content: prices },
        responses: {
          200: plain("It was loaded before.", "Piece"),
          201: plain("It is loaded.", "Piece"),
          ...problemResponses(["batch-state", "piece-conflict", ...ABOUT_BODIES, ...ABOUT_ONE_BATCH]),
        },
      },
    },
    "/batches/{id}/publish": {
      post: {
        operationId: "publishBatch",
        summary: "Audit a batch and make it visible, or bring a retracted one back",
        security,
        parameters: [id],
        requestBody: { content: { "application/json": { schema: bodySchema(publishBody) } } },
        responses: {
          200: batch("It is published, or repeats a published one (`duplicate`).", located),
          202: batch("It is being audited; ask for the batch, or publish again.", located),
          ...problemResponses([
            "malformed-body",
            "content-too-large",
            "batch-state",
            "batch-incomplete",
            "batch-failed",
            "batch-too-old",
            "bad-lines",
            "unreadable-body",
            ...ABOUT_ONE_BATCH,
          ]),
        },
      },
    },
    "/batches/{id}/retract": {
      post: {
        operationId: "retractBatch",
        summary: "Make a published batch invisible at once",
        security,
        parameters: [id],
        responses: {
          200: batch("It is retracted."),
          ...problemResponses(["batch-state", "batch-too-old", ...ABOUT_ONE_BATCH]),
        },
      },
    },
    "/batches/{id}/fail": {
      post: {
        operationId: "failBatch",
        summary: "End a batch that is not published",
        description:
          "It takes no more pieces, its workers stop, and its rows are deleted. To fail it again changes nothing.",
        security,
        parameters: [id],
        requestBody: { content: { "application/json": { schema: bodySchema(failBody) } } },
        responses: {
          200: batch("It has failed."),
          ...problemResponses(["malformed-body", "content-too-large", "batch-state", ...ABOUT_ONE_BATCH]),
        },
      },
    },
    "/batches/{id}/rejects": {
      get: {
        operationId: "getRejects",
        summary: "The bad lines that were left out of a batch, as they stood",
        description:
          "To be repaired and sent as another batch. CSV comes with the header, unless it was sent in pieces.",
        security,
        parameters: [id],
        responses: {
          200: {
            description: "The lines.",
            headers: { "X-Request-Id": header("X-Request-Id") },
            content: prices,
          },
          ...problemResponses(["batch-state", ...ABOUT_ONE_BATCH]),
        },
      },
    },
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

/** What a request may send: members with a default can be left out. */
function bodySchema(schema: z.ZodObject): Json {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
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
    Batch: batchBody,
    Batches: batchesBody,
    Piece: pieceBody,
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
