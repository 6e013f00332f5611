import { type NoParams, statement } from "../database/statement.js";
import { ALL_CHANGED } from "../rates/dataset-version.sql.js";
import type { Place } from "./place.js";

/** All places, and the dataset version that they were read from. It is one row, also if there are no places. */
export const readDirectory = statement<
  NoParams,
  {
    version: string;
    all_version: string;
    all_changed_at_ms: string;
    places: readonly Place[];
  }
>(`
  SELECT dataset.version, ${ALL_CHANGED}, (
    SELECT coalesce(json_agg(
      json_build_object('kind', p.kind, 'code', p.code, 'name', p.name, 'parent', parent.code) ORDER BY p.code), '[]')
    FROM places p LEFT JOIN places parent ON parent.id = p.parent_id
  ) AS places
  FROM dataset`);
