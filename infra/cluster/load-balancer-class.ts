import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** An ingress class whose Ingresses get a public Application Load Balancer. Returns the name of the class. */
export function loadBalancerClass(options: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const name = "alb";
  const parameters = new kubernetes.apiextensions.CustomResource(
    "load-balancer",
    {
      apiVersion: "eks.amazonaws.com/v1",
      kind: "IngressClassParams",
      metadata: { name },
      spec: { scheme: "internet-facing" },
    },
    options,
  );
  return new kubernetes.networking.v1.IngressClass(
    "load-balancer",
    {
      metadata: { name, annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
      spec: {
        controller: "eks.amazonaws.com/alb",
        parameters: { apiGroup: "eks.amazonaws.com", kind: "IngressClassParams", name: parameters.metadata.name },
      },
    },
    options,
  ).metadata.name;
}
