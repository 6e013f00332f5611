// The order of folders: a file imports from its own folder and from folders below it in this list, never from one
// above. `npm run check` holds it, so that a reader can go through the system from top to bottom and meet no circle.
const FOLDERS = [
  "app/commands",
  "app/demo",
  "app/api",
  "app/api/docs",
  "app/api/batches",
  "app/api/places",
  "app/api/rates",
  "app/api/answers",
  "app/api/http",
  "app/page/batches",
  "app/page/rates",
  "app/page/look",
  "app/page",
  "app/operator",
  "app/operator/status",
  "app/operator/desired",
  "app/operator/feed",
  "app/drill",
  "app/operator/kubernetes",
  "app/ingest",
  "app/ingest/uploads",
  "app/ingest/work",
  "app/ingest/audit",
  "app/ingest/load",
  "app/ingest/pieces",
  "app/ingest/sources",
  "app/ingest/parse",
  "app/upkeep",
  "app/batches",
  "app/places",
  "app/rates/roll-up",
  "app/rates",
  "app/database",
  "app/database/embedded",
  "app/telemetry",
];

const filesOf = (folder) => `^${folder}/[^/]+$`;

export default {
  forbidden: [
    ...FOLDERS.slice(1).map((folder, above) => ({
      name: `${folder} is below`,
      severity: "error",
      from: { path: filesOf(folder) },
      to: { path: FOLDERS.slice(0, above + 1).map(filesOf) },
    })),
    {
      name: "folder without a place in the order",
      severity: "error",
      from: { path: "^app/.+/[^/]+$", pathNot: FOLDERS.map(filesOf) },
      to: {},
    },
    { name: "circle", severity: "error", from: {}, to: { circular: true } },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" }, exclude: { path: "^node_modules" } },
};
