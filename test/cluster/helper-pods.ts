import { buildSync } from "esbuild";

/** Restricted, as the workloads' namespace asks for. */
const pod = (image: string, args: readonly string[], extra: object = {}) => ({
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 0,
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
  containers: [
    {
      name: "main",
      image,
      command: ["node", ...args],
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "2", memory: "512Mi" } },
      ...extra,
    },
  ],
});

/** A pod that does nothing but be there with its labels, to be told what to try. */
export const idlePod = (image: string, namespace: string, name: string, labels: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { "ratesapp-test": name, ...labels } },
  spec: pod(image, ["-e", "setInterval(() => {}, 1 << 30)"]),
});

/** The delivery's server, with its Service `deliveries`. */
export function deliveriesServer(image: string, namespace: string, prices: number): object[] {
  const entry = new URL("deliveries/server.ts", import.meta.url).pathname;
  const bundle = buildSync({ entryPoints: [entry], bundle: true, platform: "node", format: "esm", write: false });
  const labels = { "ratesapp-test": "deliveries" };
  const spec = pod(image, ["/program/server.mjs"], {
    env: [{ name: "PRICES", value: String(prices) }],
    ports: [{ containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 60 },
    volumeMounts: [{ name: "program", mountPath: "/program" }],
  });
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "deliveries", namespace },
      data: { "server.mjs": bundle.outputFiles[0]?.text ?? "" },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "deliveries", namespace, labels },
      spec: { ...spec, volumes: [{ name: "program", configMap: { name: "deliveries" } }] },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "deliveries", namespace },
      spec: { selector: labels, ports: [{ port: 8080 }] },
    },
  ];
}
