import { render } from "preact";
import { RatesPage } from "./rates-page.js";

const app = document.getElementById("app");
if (app) {
  // What stood there while the program loaded. Preact would leave it beside the page.
  app.replaceChildren();
  render(<RatesPage />, app);
}
