import type { V1Pod } from "@kubernetes/client-node";
import { namesOf } from "../names.js";

/**
 * Loads generated places and prices as the tables' owner, once, and then serves on beside the API with a write token of
 * its own, which is in its log. Its labels let it reach the database, and no Service leads to it.
 */
export function demoPod(stack: string, image: string): V1Pod {
  const { release, workloads } = namesOf(stack);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "demo",
      namespace: workloads,
      labels: {
        "app.kubernetes.io/name": "ratesapp",
        "app.kubernetes.io/instance": release,
        "app.kubernetes.io/component": "demo",
      },
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "demo",
          image,
          args: ["demo"],
          env: [
            {
              name: "DATABASE_URL",
              valueFrom: { secretKeyRef: { name: `${release}-database-owner`, key: "url" } },
            },
            { name: "DATA_DIRECTORY", value: "/data" },
            // The settings count the connections of the API's pods, and not these.
            { name: "DATABASE_POOL_SIZE", value: "2" },
          ],
          resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "1", memory: "512Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
      ],
      volumes: [{ name: "data", emptyDir: { sizeLimit: "16Mi" } }],
    },
  };
}
