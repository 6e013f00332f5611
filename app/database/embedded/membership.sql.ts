/**
 * Postgres itself counts the processes that use the server. Each user has a session that holds the lock USERS in shared
 * mode. A session ends with its process, however that dies. So no process has to check pids, which are reused after a
 * container restart, and no process has to lock or repair a file.
 */
const LOCK_CLASS = 1_380_013_139;
const USERS = 1;
const WATCH = 2;

/** Finds true, or false while the last user is stopping the server. */
export const joinUsers = `SELECT pg_try_advisory_lock_shared(${LOCK_CLASS}, ${USERS}) AS joined`;

/**
 * `last` is true for at most one session: no session gets the exclusive lock while another one still holds it shared.
 */
export const leaveUsers = `
SELECT pg_advisory_unlock_shared(${LOCK_CLASS}, ${USERS}), pg_try_advisory_lock(${LOCK_CLASS}, ${USERS}) AS last`;

/**
 * Stops the server: its own user runs this in the data directory. `-W` because pg_ctl cannot wait for the end of the
 * session that it runs in.
 */
const signalServer = `
  EXECUTE format('COPY (SELECT 1) TO PROGRAM %L',
                 format('"%s/pg_ctl" stop -D . -m fast -W', (SELECT setting FROM pg_config WHERE name = 'BINDIR')));`;

/** Stops the server from inside. The session ends with it. */
export const stopServer = `DO $$ BEGIN ${signalServer} END $$`;

/**
 * Stops the server after its last user has died without leaving. The statement keeps running in its session after its
 * client has died; this is needed here. It tries to get the lock twice a second, and does not wait for it, because new
 * users could not join behind a waiting exclusive lock. COMMIT ends the snapshot, so that vacuum is not held up. It
 * returns at once if another watch already runs.
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
