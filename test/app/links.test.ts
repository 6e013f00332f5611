import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const documents = ["", "charts/", "docs/", "examples/"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { encoding: "utf8", recursive: folder !== "" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => folder + name),
);

describe("links of the documents", () => {
  for (const document of documents) {
    it(`lead somewhere: ${document}`, () => {
      const text = readFileSync(join(ROOT, document), "utf8").replaceAll(/^ *```.*?^ *```/gms, "");
      const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
      expect(links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(document, link))).to.deep.equal([]);
    });
  }
});

function leadsSomewhere(document: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? join(ROOT, document) : join(ROOT, dirname(document), path);
  if (relative(ROOT, target).startsWith("..") || !existsSync(target)) return false;
  return heading === undefined || headingsOf(target).includes(heading);
}

/** As the site that shows the document names them. */
function headingsOf(path: string): readonly string[] {
  return [...readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
