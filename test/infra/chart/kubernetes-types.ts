import * as kubernetes from "@kubernetes/client-node";
import type { KubernetesObject } from "./kubernetes-object.js";

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

const models = kubernetes as unknown as Readonly<Record<string, { getAttributeTypeMap?(): readonly Attribute[] }>>;

/** Fields that the API server would refuse, or drop without a word: unknown ones and values of another type. */
export function mistypedFields(object: KubernetesObject): string[] {
  const version = (object.apiVersion?.split("/").at(-1) ?? "").replace(/^v/, "V");
  return mistyped(object, `${version}${object.kind}`, `${object.kind} ${object.metadata?.name}`);
}

function mistyped(value: unknown, type: string, path: string): string[] {
  const items = /^Array<(.*)>$/.exec(type)?.[1];
  if (items) {
    if (!Array.isArray(value)) return [`${path}: no list`];
    return value.flatMap((item, at) => mistyped(item, items, `${path}[${at}]`));
  }
  const attributes = models[type]?.getAttributeTypeMap?.();
  if (attributes || type.startsWith("{ [key: string]")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path}: no object`];
    return Object.entries(value).flatMap(([key, inner]) => {
      const known = attributes ? attributes.find(({ baseName }) => baseName === key)?.type : "string";
      return known ? mistyped(inner, known, `${path}.${key}`) : [`${path}.${key}: there is no such field`];
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
