import type { Receivers, Severity } from "../settings/secrets.js";

/** Who is told of which alarms, as an AlertmanagerConfig says it. */
export interface Routing {
  readonly route: object;
  readonly receivers: readonly object[];
  readonly inhibitRules: readonly InhibitRule[];
}

export interface InhibitRule {
  readonly sourceMatch: readonly Matcher[];
  readonly targetMatch: readonly Matcher[];
  readonly equal?: readonly string[];
}

export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly matchType: "=" | "=~";
}

/**
 * Kinds of pages that a lost zone brings with it. Others are none of them: a stack that loses a zone goes on, so a page
 * about what consumers notice, or about a primary that is not replaced, says something more.
 */
const FOLLOW_A_LOST_ZONE = ["connections", "deadline"];

const REPEAT: Readonly<Record<Severity, string>> = { page: "1h", ticket: "3d" };

const is = (name: string, value: string): Matcher => ({ name, value, matchType: "=" });

const SUMMARY =
  '{{ if eq .Status "resolved" }}Over: {{ end }}{{ (index .Alerts 0).Annotations.summary }} ({{ .CommonLabels.namespace }})';
const DETAILS = "{{ range .Alerts }}{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}";

/**
 * Alarms of a stack, by their severity. The Prometheus operator adds that their `namespace` is the one of the
 * AlertmanagerConfig, so no stack is told of another's.
 * @param secretName the Secret with the addresses, by `SEVERITY.KIND`.
 */
export function routing(receivers: Receivers, secretName: unknown): Routing {
  const severities = Object.keys(receivers) as Severity[];
  return {
    route: {
      receiver: "none",
      // Rules of others may raise alarms about the namespace too.
      matchers: [{ name: "severity", value: "page|ticket", matchType: "=~" }],
      // Five hundred feeds that are late for one reason are one message.
      groupBy: ["severity", "kind"],
      groupWait: "30s",
      groupInterval: "5m",
      repeatInterval: "3d",
      routes: severities.map((severity) => ({
        receiver: severity,
        matchers: [is("severity", severity)],
        repeatInterval: REPEAT[severity],
      })),
    },
    receivers: [
      { name: "none" },
      ...severities.map((severity) => ({
        name: severity,
        ...Object.assign(
          {},
          ...receivers[severity].map((kind) => {
            const address = { name: secretName, key: `${severity}.${kind}` };
            return receiverOf[kind](address, severity);
          }),
        ),
      })),
    ],
    inhibitRules: [
      {
        sourceMatch: [is("severity", "page")],
        targetMatch: [is("severity", "ticket")],
        equal: ["kind", "cluster", "feed", "persistentvolumeclaim"],
      },
      // Tickets are looked at when the zone is back.
      { sourceMatch: [is("kind", "zone")], targetMatch: [is("severity", "ticket")] },
      {
        sourceMatch: [is("kind", "zone")],
        targetMatch: [{ name: "kind", value: FOLLOW_A_LOST_ZONE.join("|"), matchType: "=~" }],
      },
    ],
  };
}

type Address = { readonly name: unknown; readonly key: string };

const receiverOf = {
  pagerDutyRoutingKey: (routingKey: Address, severity: Severity) => ({
    pagerdutyConfigs: [
      {
        sendResolved: true,
        routingKey,
        description: SUMMARY,
        severity: severity === "page" ? "critical" : "warning",
        details: [{ key: "details", value: DETAILS }],
      },
    ],
  }),
  slackUrl: (apiURL: Address) => ({ slackConfigs: [{ sendResolved: true, apiURL, title: SUMMARY, text: DETAILS }] }),
  webhookUrl: (urlSecret: Address) => ({ webhookConfigs: [{ sendResolved: true, urlSecret }] }),
} as const;
