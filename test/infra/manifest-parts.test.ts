import { expect } from "chai";
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
