/**
 * Who uses the server is counted by Postgres itself: each user is a session that holds USERS shared. A session ends
 * with its process, however that dies. So no process has to check pids, which are used again after a restart of a
 * container, and none has to lock or repair a file.
 */
const LOCK_CLASS = 1_380_013_139;
const USERS = 1;
const WATCH = 2;

/** True, or false while the last user is stopping the server. */
export const joinUsers = `SELECT pg_try_advisory_lock_shared(${LOCK_CLASS}, ${USERS}) AS joined`;

/** `last` is true for one session at most: no session gets the exclusive lock while another still holds it shared. */
export const leaveUsers = `
SELECT pg_advisory_unlock_shared(${LOCK_CLASS}, ${USERS}), pg_try_advisory_lock(${LOCK_CLASS}, ${USERS}) AS last`;

/** Run by the server's own user in the data directory. -W: it cannot wait for the end of the session it runs in. */
const signalServer = `
  EXECUTE format('COPY (SELECT 1) TO PROGRAM %L',
                 format('"%s/pg_ctl" stop -D . -m fast -W', (SELECT setting FROM pg_config WHERE name = 'BINDIR')));`;

/** Stops the server from inside; the session ends with it. */
export const stopServer = `DO $$ BEGIN ${signalServer} END $$`;

/**
 * Stops the server when its last user has died without leaving. The statement runs on in its session after its client
 * has died, as it must. It tries for the lock twice a second and does not wait for it, because new users could not join
 * behind a waiting exclusive lock. COMMIT ends the snapshot, so that vacuum is never held up. Returns at once where a
 * watch already runs.
 */
export const watchUsers = `
DO $$
BEGIN
  IF NOT pg_try_advisory_lock(${LOCK_CLASS}, ${WATCH}) THEN RETURN; END IF;
  LOOP
    PERFORM pg_sleep(0.5);
    COMMIT;
    EXIT WHEN pg_try_advisory_lock(${LOCK_CLASS}, ${USERS});
  END LOOP;
  ${signalServer}
END
$$`;
