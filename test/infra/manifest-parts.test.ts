import { expect } from "chai";
import yaml from "js-yaml";
import { goDuration } from "../../infra/platform/certificate.js";
import { type Definition, manifestParts, undescribed } from "../../infra/platform/manifest-parts.js";

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: things.example.com, annotations: { made: 2026-01-02 } }
spec:
  group: example.com
  versions:
    - name: v1
      schema:
        openAPIV3Schema: { description: about it, type: object, properties: { description: { type: string, description: its own } } }
    - name: v1alpha1
`;
const DEPLOYMENT = `
# Says mode 0644, which YAML 1.1 and 1.2 read differently.
kind: Deployment
spec: { defaultMode: 0644 }
`;

describe("a release manifest", () => {
  it("is taken apart without a document lost or rewritten", () => {
    const { definitions, rest } = manifestParts(
      `---\n${DEFINITION}\n--- # next\n${DEPLOYMENT}\n---\n\n---\nkind: Service\n`,
    );
    expect(definitions.map(({ metadata }) => metadata.name)).to.deep.equal(["things.example.com"]);
    expect(rest).to.include(DEPLOYMENT.trim()).and.to.include("kind: Service");
    expect(rest.split(/^---$/m)).to.have.lengthOf(2);
  });

  it("keeps a definition as the API server knows it, without descriptions", () => {
    const [definition] = manifestParts(DEFINITION).definitions as [Definition];
    expect(definition.metadata).to.deep.equal({ name: "things.example.com", annotations: { made: "2026-01-02" } });
    expect(definition.spec.versions).to.deep.equal([
      {
        name: "v1",
        schema: { openAPIV3Schema: { type: "object", properties: { description: { type: "string" } } } },
      },
      { name: "v1alpha1" },
    ]);
  });
});

describe("a Certificate of a release manifest", () => {
  const CERTIFICATE = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: client, namespace: operators, annotations: { made: 2026-01-02 } }
spec: { duration: 2160h, isCA: false, dnsNames: [], commonName: "", renewBefore: 360h, secretName: client-tls, issuerRef: { kind: Issuer, name: own } }
`;

  it("is as cert-manager stores it, so that the next up changes nothing, and goes while it is being issued", () => {
    const { rest } = manifestParts(`${DEPLOYMENT}---${CERTIFICATE}`);
    const [deployment, certificate = ""] = rest.split(/^---$/m);
    expect(deployment).to.equal(`${DEPLOYMENT}\n`);
    expect(yaml.load(certificate, { schema: yaml.CORE_SCHEMA })).to.deep.equal({
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: {
        name: "client",
        namespace: "operators",
        annotations: { made: "2026-01-02", "pulumi.com/deletionPropagationPolicy": "background" },
      },
      spec: {
        duration: "2160h0m0s",
        renewBefore: "360h0m0s",
        secretName: "client-tls",
        issuerRef: { kind: "Issuer", name: "own" },
      },
    });
  });

  it("may leave its durations to cert-manager", () => {
    const { rest } = manifestParts(CERTIFICATE.replace(/duration: .*360h, /, ""));
    expect(Object.keys((yaml.load(rest) as { spec: object }).spec)).to.deep.equal(["secretName", "issuerRef"]);
  });

  it("keeps what says more than its absence", () => {
    const { rest } = manifestParts(CERTIFICATE.replace("isCA: false", "isCA: true, encodeUsagesInRequest: false"));
    expect(yaml.load(rest)).to.have.property("spec").that.includes({ isCA: true, encodeUsagesInRequest: false });
  });

  it("is told from what only sounds like one", () => {
    for (const other of [
      CERTIFICATE.replace("kind: Certificate", "kind: CertificateRequest"),
      CERTIFICATE.replace("cert-manager.io/v1", "networking.internal.knative.dev/v1alpha1"),
    ]) {
      expect(manifestParts(other).rest).to.equal(other);
    }
  });
});

describe("a duration as Go writes it", () => {
  // The right side is what Go's own time.Duration prints.
  for (const [given, written] of [
    ["2160h", "2160h0m0s"],
    ["2160h0m0s", "2160h0m0s"],
    ["8760h30m", "8760h30m0s"],
    ["1.5h", "1h30m0s"],
    ["1.1h", "1h6m0s"],
    ["90m", "1h30m0s"],
    ["59m60s", "1h0m0s"],
    ["3600s", "1h0m0s"],
    ["60s", "1m0s"],
    ["1m", "1m0s"],
    ["59s", "59s"],
    ["0s", "0s"],
  ]) {
    it(`is ${written} for ${given}`, () => expect(goDuration(given ?? "")).to.equal(written));
  }

  it("is left as it is where it is something else", () => {
    for (const text of ["", "1d", "h", "2160", "1h-2m", "1.5s", "100ms", "1h ", "forever"]) {
      expect(goDuration(text)).to.equal(text);
    }
  });
});

describe("a schema without descriptions", () => {
  it("keeps properties, defaults and values that are called so", () => {
    const data = { description: "stays" };
    expect(
      undescribed({
        description: "goes",
        default: data,
        enum: [data],
        required: ["description"],
        items: { description: "goes", anyOf: [{ description: "goes", type: "string" }] },
        properties: { description: { description: "goes", additionalProperties: { description: "goes", not: data } } },
        additionalProperties: true,
      }),
    ).to.deep.equal({
      default: data,
      enum: [data],
      required: ["description"],
      items: { anyOf: [{ type: "string" }] },
      properties: { description: { additionalProperties: { not: {} } } },
      additionalProperties: true,
    });
  });
});
