import type { KubernetesApi, Resource } from "./kubernetes-api.js";
import { controllerOf, type KubernetesObject } from "./objects.js";

/** An object that the operator makes. */
export interface Applied extends KubernetesObject {
  readonly spec: object;
}

const INSTANCE = "app.kubernetes.io/instance";
const FEED = "ratesapp/feed";

/** Whether an object of the wanted name is not this owner's, nor of the release before, which had no owner. */
export function isForeign(owner: KubernetesObject, live: KubernetesObject): boolean {
  const controller = controllerOf(live);
  if (controller) return controller.uid !== owner.metadata.uid;
  return live.metadata.labels?.[FEED] !== owner.metadata.name || live.metadata.labels?.[INSTANCE] === undefined;
}

/**
 * Takes over an object that other tools made: its spec becomes what is desired, and their claims on its fields end.
 * Server side apply alone would leave what they had set and the operator does not, such as a volume of the release
 * before. The object itself stays, so no run is missed and none is started twice.
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
