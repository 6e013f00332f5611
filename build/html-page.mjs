// What the HTML files of the pages share is written once: app/page/head.html and app/page/bar.html.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), "app/page");

/**
 * Reads an HTML file of app/page. `<!-- head -->` in it stands for head.html. `<!-- bar /batches -->` stands for
 * bar.html, in which the link to /batches is marked as that of the current page.
 *
 * @param {string} name path in app/page
 */
export async function readHtmlPage(name) {
  const [html, head, bar] = await Promise.all(
    [name, "head.html", "bar.html"].map((file) => readFile(join(source, file), "utf8")),
  );
  return html
    .replace(/( *)<!-- head -->/, (_, indent) => indented(head, indent))
    .replace(/( *)<!-- bar ?(\S*) -->/, (_, indent, current) =>
      indented(bar.replace(`<a href="${current}">`, `<a href="${current}" aria-current="page">`), indent),
    );
}

function indented(fragment, indent) {
  return fragment.trimEnd().replace(/^/gm, indent);
}
