import { z } from "zod";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Schema of what a request may send: members with a default are optional. */
export function inputSchema(schema: z.ZodObject): JsonSchema {
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      // zod leaves such a schema out, because it changes its input: for example, it reads a number from digits.
      const { def } = zodSchema._zod;
      if (def.type === "default") jsonSchema.default = (def as z.core.$ZodDefaultDef).defaultValue;
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (Array.isArray(examples) && examples.length > 0) jsonSchema.examples = examples;
    },
  });
  return rest;
}

/** Schema of what an answer holds. A schema with an id becomes a reference to its entry in {@link componentSchemas}. */
export function outputSchema(schema: z.ZodType): JsonSchema {
  const id = schema.meta()?.id;
  if (id !== undefined) return { $ref: componentPath(id) };
  const { $schema: _schema, ...rest } = z.toJSONSchema(schema);
  return rest;
}

/**
 * All schemas with an id. They allow further members: the service may add some, and clients must ignore members that
 * they do not know.
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
