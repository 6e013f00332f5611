import { dirname } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { AUTHORITIES_FILE } from "../access/authorities-file.js";
import { namesOf } from "../names.js";

/**
 * A pod that loads generated places and prices once, as the owner of the tables. After that, it serves like the API,
 * with its own write token, which is in its log. Its labels allow it to reach the database. No Service leads to it.
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
            // The settings of the stack count the connections of API pods, but not those of this pod.
            { name: "DATABASE_POOL_SIZE", value: "2" },
          ],
          resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "1", memory: "512Mi" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [
            { name: "data", mountPath: "/data" },
            { name: "database-ca", mountPath: dirname(AUTHORITIES_FILE), readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: "data", emptyDir: { sizeLimit: "16Mi" } },
        { name: "database-ca", configMap: { name: `${release}-database-ca` } },
      ],
    },
  };
}
