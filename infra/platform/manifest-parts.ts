import yaml from "js-yaml";
import { certificate, isCertificate } from "./certificate.js";

/** A CustomResourceDefinition, as far as it is looked at here. */
export interface Definition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly versions: readonly { readonly schema?: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** JSON Schema, as Kubernetes has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A release manifest in two parts. */
export interface ManifestParts {
  readonly definitions: readonly Definition[];
  /** YAML of everything else, word for word but for Certificates (certificate.ts). */
  readonly rest: string;
}

/**
 * Takes a manifest's CustomResourceDefinitions out of it, without the descriptions of their schemas. These are four
 * fifths of what operators install, nothing but `kubectl explain` reads them, and Pulumi keeps several copies of each
 * resource and compares them in each `up`.
 */
export function manifestParts(manifest: string): ManifestParts {
  const definitions: Definition[] = [];
  const rest: string[] = [];
  // As kubectl splits: no text inside of a document can begin a line with three dashes.
  for (const document of manifest.split(/^---(?=\s|$).*$/m)) {
    if (/^kind: *["']?CustomResourceDefinition\b/m.test(document)) {
      // JSON's types alone: a date stays text.
      definitions.push(withoutDescriptions(yaml.load(document, { schema: yaml.CORE_SCHEMA }) as Definition));
    } else if (isCertificate(document)) {
      rest.push(certificate(document));
    } else if (document.trim() !== "") {
      rest.push(document);
    }
  }
  return { definitions, rest: rest.join("\n---\n") };
}

const withoutDescriptions = (definition: Definition): Definition => ({
  ...definition,
  spec: {
    ...definition.spec,
    versions: definition.spec.versions.map((version) => ({
      ...version,
      ...(version.schema && { schema: { openAPIV3Schema: undescribed(version.schema.openAPIV3Schema) } }),
    })),
  },
});

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keywords that hold a schema or a list of them, and those that hold schemas by name; anything else holds data. */
const SCHEMAS = ["additionalItems", "additionalProperties", "allOf", "anyOf", "items", "not", "oneOf"];
const NAMED_SCHEMAS = ["definitions", "dependencies", "patternProperties", "properties"];

/** A schema without `description`, where that is the keyword and not the name of a property. */
export function undescribed(schema: Schema): Schema {
  const inner = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inner);
    return isObject(value) ? undescribed(value) : value;
  };
  const keywords = Object.entries(schema)
    .filter(([keyword]) => keyword !== "description")
    .map(([keyword, value]) => {
      if (SCHEMAS.includes(keyword)) return [keyword, inner(value)];
      if (!NAMED_SCHEMAS.includes(keyword) || !isObject(value)) return [keyword, value];
      return [keyword, Object.fromEntries(Object.entries(value).map(([name, named]) => [name, inner(named)]))];
    });
  return Object.fromEntries(keywords);
}
