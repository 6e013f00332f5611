import { namespaces } from "../platform/releases.js";
import type { Settings } from "../settings/schema.js";

/** What Rollout and AnalysisTemplate are made of. */
export interface RolloutArgs {
  readonly delivery: Settings["delivery"];
  /** Pods that the first version begins with. */
  readonly minReplicas: number;
  /** Name of the Helm release. */
  readonly release: string;
  /** Address of Prometheus; that of the Prometheus operator if not given. */
  readonly prometheus?: string;
}

/** Made by the Prometheus operator for every Prometheus. */
const PROMETHEUS = `http://prometheus-operated.${namespaces.prometheus}.svc:9090`;
/** Of rates: two scrapes of a new pod are in it. */
const WINDOW = "30s";
/** How long blueGreen looks at a version that has all requests, before it counts as good. */
const BLUE_GREEN_SECONDS = 60;

/**
 * The spec of the Rollout: it runs the template of the Deployment of the same name, which Argo Rollouts then scales to
 * no pods.
 */
export function rolloutSpec({ delivery, minReplicas, release }: RolloutArgs) {
  const name = `${release}-api`;
  const analysis = {
    templates: [{ templateName: name }],
    args: [{ name: "hash", valueFrom: { podTemplateHashValue: "Latest" } }],
  };
  return {
    replicas: minReplicas,
    workloadRef: { apiVersion: "apps/v1", kind: "Deployment", name, scaleDown: "onsuccess" },
    minReadySeconds: 5,
    progressDeadlineSeconds: delivery.deadlineSeconds,
    progressDeadlineAbort: true,
    revisionHistoryLimit: 5,
    analysis: { successfulRunHistoryLimit: 3, unsuccessfulRunHistoryLimit: 3 },
    strategy:
      delivery.strategy === "canary"
        ? {
            canary: {
              maxSurge: "50%",
              maxUnavailable: 0,
              steps: delivery.steps.flatMap(({ seconds, weight }) => [
                { setWeight: weight },
                { pause: { duration: `${seconds}s` } },
              ]),
              analysis,
            },
          }
        : {
            blueGreen: {
              activeService: release,
              previewService: `${release}-preview`,
              autoPromotionEnabled: true,
              // One alone, however many releases there are in that time.
              scaleDownDelaySeconds: delivery.keepSeconds,
              scaleDownDelayRevisionLimit: 1,
              postPromotionAnalysis: analysis,
            },
          },
  };
}

/**
 * The spec of the AnalysisTemplate, which measures the pods of one version. An empty answer of a query means that there
 * were no requests, and is good. That Prometheus sees the pods at all is a check of its own.
 * @param namespace of the pods.
 */
export function analysisSpec({ delivery, prometheus = PROMETHEUS, release }: RolloutArgs, namespace: string) {
  const { errorPercent, intervalSeconds, p99Seconds, waitingQueries } = delivery.checks;
  // The name of a pod contains the hash of its template.
  const pods = `namespace="${namespace}",pod=~"${release}-api-{{args.hash}}-.*"`;
  const requests = (more = "") => `sum(rate(ratesapp_http_request_duration_seconds_count{${pods}${more}}[${WINDOW}]))`;
  const metric = (name: string, successCondition: string, query: string, initialDelaySeconds = 0) => ({
    name,
    ...(initialDelaySeconds > 0 && { initialDelay: `${initialDelaySeconds}s` }),
    interval: `${intervalSeconds}s`,
    // A canary is measured until its end.
    ...(delivery.strategy === "blueGreen" && { count: Math.ceil(BLUE_GREEN_SECONDS / intervalSeconds) }),
    failureLimit: 1,
    successCondition,
    provider: { prometheus: { address: prometheus, query } },
  });
  const atMost = (most: number) => `len(result) == 0 || isNaN(result[0]) || result[0] <= ${most}`;
  return {
    args: [{ name: "hash" }],
    metrics: [
      metric("error-percent", atMost(errorPercent), `100 * ${requests(',status=~"5.."')} / ${requests()}`),
      metric(
        "p99-seconds",
        atMost(p99Seconds),
        `histogram_quantile(0.99, sum by (le) (rate(ratesapp_http_request_duration_seconds_bucket{${pods}}[${WINDOW}])))`,
      ),
      metric(
        "waiting-queries",
        atMost(waitingQueries),
        `max(avg_over_time(ratesapp_database_pool_connections{${pods},state="waiting"}[${WINDOW}]))`,
      ),
      metric("restarts", atMost(1), `sum(kube_pod_container_status_restarts_total{${pods},container="api"})`),
      // Prometheus finds new pods after some seconds.
      metric("pods-seen", "len(result) > 0 && result[0] >= 1", `sum(up{${pods}})`, 3 * intervalSeconds),
    ],
  };
}
