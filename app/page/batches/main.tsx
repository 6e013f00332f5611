import { render } from "preact";
import { BatchesPage } from "./batches-page.js";

const app = document.getElementById("app");
if (app) render(<BatchesPage />, app);
