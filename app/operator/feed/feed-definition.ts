import { z } from "zod";
import { GROUP, VERSION } from "./feed.js";
import { feedNameRule, feedSpec, RULES } from "./feed-spec.js";
import { feedStatus } from "./feed-status.js";

type Json = Record<string, unknown>;

/** The CustomResourceDefinition of Feed: what `build/feed-definition.ts` writes into the chart. */
export function feedDefinition(): Json {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `feeds.${GROUP}`,
      labels: { "app.kubernetes.io/name": "ratesapp", "app.kubernetes.io/part-of": "ratesapp" },
    },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind: "Feed",
        listKind: "FeedList",
        plural: "feeds",
        singular: "feed",
        shortNames: ["fd"],
        categories: ["ratesapp"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description:
                "Where batches of prices come from: deliveries of one source, loaded by schedule and on request",
              required: ["spec"],
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object", properties: { name: { type: "string" } } },
                spec: structural(feedSpec),
                status: structural(feedStatus),
              },
              [RULES]: [
                {
                  rule: `self.metadata.name.matches(r"${feedNameRule.pattern}")`,
                  message: `the name ${feedNameRule.message}`,
                  fieldPath: ".metadata.name",
                  reason: "FieldValueForbidden",
                },
              ],
            },
          },
        },
      ],
    },
  };
}

const column = (name: string, type: string, jsonPath: string, description: string, priority = 0) => ({
  name,
  type,
  jsonPath,
  description,
  ...(priority > 0 && { priority }),
});

const columns = [
  column("Schedule", "string", ".spec.schedule", "When runs begin"),
  column("State", "string", ".status.state", "All conditions in one word"),
  column("Last batch", "integer", ".status.batches[0].id", "Number of the newest batch"),
  column("Rows", "integer", ".status.batches[0].rows", "Prices of the newest batch"),
  column("Age", "date", ".metadata.creationTimestamp", "Since the Feed was made"),
  column("Next run", "string", ".status.nextRun", "When the schedule starts a run"),
  column("Source", "string", ".spec.source", "Where deliveries come from", 1),
  column("Message", "string", ".status.message", "Why the Feed is in its state, in few words", 1),
];

/** A schema of zod as Kubernetes takes it: no unknown keys of JSON Schema, and rules in place of patterns. */
function structural(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", unrepresentable: "any", override }) as Json;
}

function override({ jsonSchema }: { jsonSchema: Json }): void {
  // A rule has a readable message, and a pattern has none.
  if (jsonSchema[RULES]) delete jsonSchema.pattern;
  // Without a pattern, Kubernetes accepts instants with and without fractions of a second.
  if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  if (jsonSchema["x-kubernetes-int-or-string"]) {
    delete jsonSchema.type;
    delete jsonSchema.anyOf;
  }
  if (jsonSchema["x-kubernetes-preserve-unknown-fields"]) {
    jsonSchema.type = "object";
    delete jsonSchema.additionalProperties;
  }
  delete jsonSchema.propertyNames;
  if (jsonSchema.type === "integer") {
    jsonSchema.format = "int64";
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  }
}
