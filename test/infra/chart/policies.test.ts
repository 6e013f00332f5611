import type {
  V1CronJob,
  V1Deployment,
  V1Job,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V2HorizontalPodAutoscaler,
} from "@kubernetes/client-node";
import { expect } from "chai";
import { render, skipWithoutHelm } from "./helm.js";
import { type KubernetesObject, ofKind, podsOf, present } from "./kubernetes-object.js";
import { mistypedFields } from "./kubernetes-types.js";
import { policies } from "./policies.js";
import { releases } from "./releases.js";

/** A policy that never speaks proves nothing: for each one, what it has to notice. */
const offences: Readonly<Record<string, (objects: KubernetesObject[]) => unknown>> = {
  "images have a version": (objects) => {
    container(objects).image = "ghcr.io/ratesapp/ratesapp:latest";
  },
  "containers request and are limited": (objects) => delete container(objects).resources?.limits?.cpu,
  "pods pass the restricted Pod Security Standard": (objects) =>
    delete container(objects).securityContext?.capabilities,
  "the operator alone can speak to the Kubernetes API, and reads no Secret": (objects) =>
    objects.push({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: "any" } }),
  "a service account of the release is used": (objects) => {
    deployment(objects).template.spec = { ...podsOf(objects)[0]?.spec, containers: [], serviceAccountName: "default" };
  },
  "several replicas have a disruption budget, zones, and a release without loss": (objects) => {
    present(first<V1PodDisruptionBudget>(objects, "PodDisruptionBudget").spec).selector = { matchLabels: { a: "b" } };
  },
  "every pod is denied what is not allowed": (objects) => {
    const open = new Set(
      ofKind<V1NetworkPolicy>(objects, "NetworkPolicy").filter((it) => it.spec?.egress === undefined),
    );
    objects.splice(0, objects.length, ...objects.filter((it) => !open.has(it)));
  },
  "every container's port is named in a network policy": (objects) =>
    container(objects).ports?.push({ name: "debug", containerPort: 9229 }),
  "no secret stands in plain text": (objects) =>
    container(objects).env?.push({ name: "DATABASE_URL", value: "postgres://owner:a-password@db/rates" }),
  "jobs end": (objects) => delete first<V1Job>(objects, "Job").spec?.activeDeadlineSeconds,
  "scheduled jobs do not overlap or pile up": (objects) => {
    present(first<V1CronJob>(objects, "CronJob").spec).concurrencyPolicy = "Allow";
  },
  "there are no Helm hooks": (objects) => {
    present(first(objects, "Job").metadata).annotations = { "helm.sh/hook": "pre-upgrade" };
  },
  "objects carry the standard labels, and names are names": (objects) => {
    present(first(objects, "Service").metadata).labels = {};
  },
  "an autoscaler scales what there is": (objects) => {
    present(first<V2HorizontalPodAutoscaler>(objects, "HorizontalPodAutoscaler").spec).scaleTargetRef.name = "gone";
  },
  "no object stands twice": (objects) => objects.push(first(objects, "Service")),
};

describe("the chart's policies", () => {
  let objects: KubernetesObject[];

  before(async function () {
    skipWithoutHelm.call(this);
    objects = await render(present(releases.production));
  });

  for (const [name, policy] of Object.entries(policies)) {
    it(`notice where not: ${name}`, () => {
      const broken = structuredClone(objects);
      present(offences[name])(broken);
      expect(policy(objects)).to.deep.equal([]);
      expect(policy(broken)).not.to.deep.equal([]);
    });
  }
});

it("fields that Kubernetes does not know, or of another type, are noticed", async () => {
  const spec = { replicas: "2", minReadySeconds: 1.5, paused: null, strategy: [], selector: { matchLabels: { a: 1 } } };
  const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a", label: {} }, spec };
  expect(await mistypedFields([object])).to.deep.equal([
    "Deployment a.metadata.label: there is no such field",
    'Deployment a.spec.replicas: "2" is no number',
    "Deployment a.spec.minReadySeconds: 1.5 is no number",
    "Deployment a.spec.paused: null is no boolean",
    "Deployment a.spec.strategy: no object",
    "Deployment a.spec.selector.matchLabels.a: 1 is no string",
  ]);
});

function first<T extends KubernetesObject>(objects: readonly KubernetesObject[], kind: string): T {
  return present(ofKind<T>(objects, kind)[0]);
}

function deployment(objects: readonly KubernetesObject[]) {
  return present(first<V1Deployment>(objects, "Deployment").spec);
}

function container(objects: readonly KubernetesObject[]) {
  return present(deployment(objects).template.spec?.containers[0]);
}
