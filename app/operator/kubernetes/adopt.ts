import type { KubernetesApi, Resource } from "./kubernetes-api.js";
import { controllerOf, type KubernetesObject } from "./objects.js";

/** An object that the operator makes. */
export interface Applied extends KubernetesObject {
  readonly spec: object;
}

const INSTANCE = "app.kubernetes.io/instance";
const FEED = "ratesapp/feed";

/** Whether an object with the wanted name has another owner. Earlier releases made objects without an owner. */
export function isForeign(owner: KubernetesObject, live: KubernetesObject): boolean {
  const controller = controllerOf(live);
  if (controller) return controller.uid !== owner.metadata.uid;
  return live.metadata.labels?.[FEED] !== owner.metadata.name || live.metadata.labels?.[INSTANCE] === undefined;
}

/**
 * Takes over an object that another tool made: replaces its spec, and removes that tool from the owners of its fields.
 * Server-side apply alone would leave fields that only the other tool had set, such as a volume of an earlier release.
 * The object is not deleted, so no run is missed and none is started twice.
 */
export async function adopt(api: KubernetesApi, resource: Resource, desired: Applied): Promise<void> {
  const { name } = desired.metadata;
  const live = await api.get<Applied>(resource, name);
  const metadata = {
    ...live.metadata,
    labels: { ...desired.metadata.labels },
    ownerReferences: desired.metadata.ownerReferences ?? [],
  };
  const replaced = await api.replace(resource, { ...live, metadata, spec: desired.spec } as Applied);
  const entry = {
    manager: "ratesapp-operator",
    operation: "Apply",
    apiVersion: resource.apiVersion,
    time: `${new Date().toISOString().slice(0, 19)}Z`,
    fieldsType: "FieldsV1",
    fieldsV1: { "f:metadata": { "f:labels": { [`f:${FEED}`]: {} } } },
  };
  const kept = (replaced.metadata.managedFields ?? []).filter(({ subresource }) => subresource === "status");
  await api.patch(resource, name, "json", [
    { op: "test", path: "/metadata/resourceVersion", value: replaced.metadata.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: [...kept, entry] },
  ]);
}
