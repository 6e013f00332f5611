import { z } from "zod";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What a request may send: a member with a default can be left out. */
export function inputSchema(schema: z.ZodObject): JsonSchema {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      // Left out by zod of a schema that changes its input, as one that reads a number from its digits.
      const { def } = zodSchema._zod;
      if (def.type === "default") jsonSchema.default = (def as z.core.$ZodDefaultDef).defaultValue;
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (Array.isArray(examples) && examples.length > 0) jsonSchema.examples = examples;
    },
  });
  return rest;
}

/** What an answer holds: a reference where the schema has an id, under which {@link componentSchemas} has it. */
export function outputSchema(schema: z.ZodType): JsonSchema {
  const id = schema.meta()?.id;
  if (id !== undefined) return { $ref: componentPath(id) };
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema);
  return rest;
}

/**
 * Every schema with an id. They are open: a service may add members, and a client must pass over those it does not
 * know.
 */
export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    uri: componentPath,
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

function componentPath(id: string): string {
  return `#/components/schemas/${id}`;
}
