import type { KubernetesObject } from "./kubernetes-object.js";

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

type Models = Readonly<Record<string, { getAttributeTypeMap?(): readonly Attribute[] }>>;

/** Fields that the API server would refuse, or drop without a word: unknown ones and values of another type. */
export async function mistypedFields(objects: readonly KubernetesObject[]): Promise<string[]> {
  // Imported only here: it takes half a second, which tests that skip without helm need not wait for.
  const models = (await import("@kubernetes/client-node")) as unknown as Models;
  return objects.flatMap((object) => {
    const version = (object.apiVersion?.split("/").at(-1) ?? "").replace(/^v/, "V");
    return mistyped(models, object, `${version}${object.kind}`, `${object.kind} ${object.metadata?.name}`);
  });
}

function mistyped(models: Models, value: unknown, type: string, path: string): string[] {
  const items = /^Array<(.*)>$/.exec(type)?.[1];
  if (items) {
    if (!Array.isArray(value)) return [`${path}: no list`];
    return value.flatMap((item, at) => mistyped(models, item, items, `${path}[${at}]`));
  }
  const attributes = models[type]?.getAttributeTypeMap?.();
  if (attributes || type.startsWith("{ [key: string]")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path}: no object`];
    return Object.entries(value).flatMap(([key, inner]) => {
      const known = attributes ? attributes.find(({ baseName }) => baseName === key)?.type : "string";
      return known ? mistyped(models, inner, known, `${path}.${key}`) : [`${path}.${key}: there is no such field`];
    });
  }
  const matches: Readonly<Record<string, boolean>> = {
    string: typeof value === "string",
    boolean: typeof value === "boolean",
    number: Number.isSafeInteger(value),
    IntOrString: typeof value === "string" || Number.isSafeInteger(value),
  };
  return matches[type] ? [] : [`${path}: ${JSON.stringify(value)} is no ${type}`];
}
