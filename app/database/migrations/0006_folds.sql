-- Published batches are folded while they can still be retracted (docs/architecture.md).

-- folded: a fold counts prices of it, or it is a fold whose batches can still be retracted. The release before
-- knows nothing of folds; where it would retract or compact such a batch, the constraint refuses, and nothing is
-- wrong.
-- fold_level: how many times what it holds was folded; 0 of a delivery.
ALTER TABLE batches
  ADD COLUMN folded boolean NOT NULL DEFAULT false,
  ADD COLUMN fold_level smallint NOT NULL DEFAULT 0,
  ADD CONSTRAINT batches_folded CHECK (NOT folded OR state = 'published');
-- fold_id: whose rows count this day of the batch, if not its own. laid_aside: it has none at all; they are
-- written again from its prices before it is seen.
ALTER TABLE batch_days
  ADD COLUMN fold_id integer REFERENCES batches,
  ADD COLUMN laid_aside boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT batch_days_laid_aside CHECK (NOT laid_aside OR NOT visible AND fold_id IS NULL);
-- Readers wait while these are made: seconds, where there are hundreds of thousands of days.
-- A question asks for days of a batch. By day first it would go through all batches that hold the day.
DROP INDEX batch_days_visible;
CREATE INDEX batch_days_seen ON batch_days (batch_id, day) WHERE visible;
-- Finds the other batches of a day, as of one that a batch replaces.
CREATE INDEX batch_days_day ON batch_days (day, batch_id);
CREATE INDEX batch_days_unfolded ON batch_days (day, batch_id) WHERE fold_id IS NULL;
CREATE INDEX batch_days_folded ON batch_days (fold_id) WHERE fold_id IS NOT NULL;
