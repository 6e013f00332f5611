/** True if the database holds anything that the demonstration did not make. $1 its feed, $2 its codes of places. */
export const findOthersData = `
  SELECT EXISTS (SELECT FROM batches WHERE feed <> $1)
      OR EXISTS (SELECT FROM places WHERE code <> ALL ($2::text[])) AS found`;
