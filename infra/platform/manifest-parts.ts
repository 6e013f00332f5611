import yaml from "js-yaml";
import { RESTRICTED } from "../network/pod-security.js";
import { certificate, isCertificate } from "./certificate.js";

/** The parts of a CustomResourceDefinition that this file reads. */
export interface Definition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly versions: readonly { readonly schema?: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** A JSON Schema in the form of Kubernetes. */
export type Schema = Readonly<Record<string, unknown>>;

/** A release manifest in two parts. */
export interface ManifestParts {
  readonly definitions: readonly Definition[];
  /** YAML of all other objects. Only Namespaces and Certificates (certificate.ts) are changed. */
  readonly rest: string;
}

/**
 * Separates the CustomResourceDefinitions of a manifest from the rest, and removes the descriptions from their schemas.
 * The descriptions are four fifths of what operators install, and only `kubectl explain` reads them. Pulumi keeps
 * several copies of each resource and compares them in each `up`.
 */
export function manifestParts(manifest: string): ManifestParts {
  const definitions: Definition[] = [];
  const rest: string[] = [];
  // Splits like kubectl. Text inside a document can never begin a line with three dashes.
  for (const document of manifest.split(/^---(?=\s|$).*$/m)) {
    if (/^kind: *["']?CustomResourceDefinition\b/m.test(document)) {
      // This schema has only the types of JSON, so a date stays text.
      definitions.push(withoutDescriptions(yaml.load(document, { schema: yaml.CORE_SCHEMA }) as Definition));
    } else if (/^kind: *["']?Namespace\b/m.test(document)) {
      rest.push(restricted(document));
    } else if (isCertificate(document)) {
      rest.push(certificate(document));
    } else if (document.trim() !== "") {
      rest.push(document);
    }
  }
  return { definitions, rest: rest.join("\n---\n") };
}

interface Namespace {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

/** A Namespace that takes only pods of the `restricted` Pod Security Standard, as those of all operators here are. */
export function restricted(document: string): string {
  const { metadata, ...namespace } = yaml.load(document, { schema: yaml.CORE_SCHEMA }) as Namespace;
  const labels = { ...metadata.labels, ...RESTRICTED };
  return yaml.dump({ ...namespace, metadata: { ...metadata, labels } });
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

/**
 * Keywords that contain a schema or a list of schemas; the next ones contain schemas by name. All others contain data.
 */
const SCHEMAS = ["additionalItems", "additionalProperties", "allOf", "anyOf", "items", "not", "oneOf"];
const NAMED_SCHEMAS = ["definitions", "dependencies", "patternProperties", "properties"];

/** Removes `description` from a schema, except if it is the name of a property. */
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
