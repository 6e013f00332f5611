import { render } from "preact";
import { RatesPage } from "./rates-page.js";

const app = document.getElementById("app");
if (app) render(<RatesPage />, app);
