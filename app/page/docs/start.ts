// Starts the viewer of the OpenAPI document. It is Swagger UI, with what breaks for screen readers taken out.

interface System {
  readonly React: { createElement(type: unknown, properties: object | null, ...children: unknown[]): unknown };
}
declare const SwaggerUIBundle: (options: object) => void;

/** Title, version and servers stand above the viewer already, and a menu of one server has no label. */
const nothing = () => null;

/** A summary is a button. A link inside of a button cannot be reached by keyboard. */
const withoutLinks = ({ React }: System) => ({
  components: {
    DeepLink: ({ text }: { readonly text: string }) => React.createElement("span", null, text),
    InfoContainer: nothing,
    ServersContainer: nothing,
  },
});

interface Field {
  /** Name and description of the parameter. */
  readonly description?: string;
}

/** A field of free text is named by its placeholder. A choice has none. */
const withNames = () => ({
  wrapComponents: {
    JsonSchema_string:
      (Original: unknown, { React }: System) =>
      (field: Field) =>
        React.createElement(
          "label",
          null,
          React.createElement("span", { className: "unseen" }, field.description?.split(" - ")[0]),
          React.createElement(Original, field),
        ),
  },
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const takeColours = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", takeColours);
takeColours();

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  // The badge of the validator would send requests to another host.
  validatorUrl: null,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Its colours have too little contrast.
  syntaxHighlight: { activated: false },
  plugins: [withoutLinks, withNames],
});
