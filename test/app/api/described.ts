import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { expect } from "chai";

interface DescribedHeader {
  readonly required: boolean;
}
interface DescribedAnswer {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
interface DescribedParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly example?: string | number;
  readonly schema: object;
}
interface Operation {
  readonly parameters: readonly DescribedParameter[];
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly headers: Readonly<Record<string, DescribedHeader>> };
}

/** What a server's /openapi.json promises, to hold its answers against. */
export class Described {
  readonly document: Document;
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #met = new Set<string>();

  static async read(apiUrl: string): Promise<Described> {
    return new Described((await (await fetch(`${apiUrl}/openapi.json`)).json()) as Document);
  }

  private constructor(document: Document) {
    this.document = document;
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: "openapi", components: document.components });
  }

  /** Every operation as `GET /rates`. */
  get operations(): readonly string[] {
    return Object.entries(this.document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  /** @throws if the operation has no such parameter. */
  parameter(operation: string, name: string): DescribedParameter {
    const found = this.#parameters(operation).find((parameter) => parameter.name === name);
    if (found === undefined) throw new Error(`the document has no ${name} of ${operation}`);
    return found;
  }

  /** Every parameter of an operation that has an example, as a form fills them in. */
  examples(operation: string): Readonly<Record<string, string>> {
    const filled = this.#parameters(operation).filter(({ example }) => example !== undefined);
    return Object.fromEntries(filled.map(({ name, example }) => [name, String(example)]));
  }

  #parameters(operation: string): readonly DescribedParameter[] {
    const [method = "", path = ""] = operation.split(" ");
    return this.document.paths[path]?.[method.toLowerCase()]?.parameters ?? [];
  }

  compile(schema: object): ValidateFunction {
    return this.#ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')));
  }

  /**
   * Fails unless the document has this status of this operation, with these headers and a schema that the body meets.
   */
  async expect(operation: string, answer: Response): Promise<void> {
    const [method = "", path = ""] = operation.split(" ");
    const where = `${answer.status} of ${operation}`;
    const described = this.document.paths[path]?.[method.toLowerCase()]?.responses[String(answer.status)];
    const body = await answer.clone().text();
    if (described === undefined) throw new Error(`the document has no ${where}: ${body}`);
    this.#met.add(where);
    for (const header of Object.keys(described.headers ?? {}))
      if (this.document.components.headers[header]?.required)
        expect(answer.headers.has(header), `${header} with ${where}`).to.equal(true);
    if (described.content === undefined) {
      expect(body).to.equal("");
      return;
    }
    const type = answer.headers.get("content-type")?.split(";", 1)[0] ?? "";
    const content = described.content[type];
    if (content === undefined) throw new Error(`the document has no ${type} for ${where}`);
    const validate = this.compile(content.schema);
    validate(type.endsWith("json") ? JSON.parse(body) : body);
    expect(validate.errors, where).to.equal(null);
  }

  /** What is described and was never expected, as `404 of GET /batches/{id}`. */
  get unmet(): readonly string[] {
    return this.operations
      .flatMap((operation) => {
        const [method = "", path = ""] = operation.split(" ");
        const statuses = Object.keys(this.document.paths[path]?.[method.toLowerCase()]?.responses ?? {});
        return statuses.map((status) => `${status} of ${operation}`);
      })
      .filter((answer) => !this.#met.has(answer));
  }
}
