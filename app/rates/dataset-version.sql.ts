export const readDatasetVersion =
  "SELECT version, (extract(epoch FROM changed_at) * 1000)::bigint AS changed_at_ms FROM dataset";
