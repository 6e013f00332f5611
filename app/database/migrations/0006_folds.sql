-- Published batches are folded while they can still be retracted (docs/architecture.md).

-- folded: prices of this batch are counted by a fold, or this is a fold whose batches can still be retracted. The
-- release before does not know folds. If it tries to retract or compact such a batch, the constraint refuses this, and
-- the data stay right.
--
-- fold_level: how many times its prices have been folded; 0 for a delivery.
ALTER TABLE batches
  ADD COLUMN folded boolean NOT NULL DEFAULT false,
  ADD COLUMN fold_level smallint NOT NULL DEFAULT 0,
  ADD CONSTRAINT batches_folded CHECK (NOT folded OR state = 'published');
-- fold_id: the batch whose rows count this day, if it is another one. laid_aside: no rows count this day; they must be
-- written again from the prices before the day becomes visible.
ALTER TABLE batch_days
  ADD COLUMN fold_id integer REFERENCES batches,
  ADD COLUMN laid_aside boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT batch_days_laid_aside CHECK (NOT laid_aside OR NOT visible AND fold_id IS NULL);
-- Readers wait while these indexes are made. This takes seconds if there are hundreds of thousands of days. A question
-- asks for the days of a batch. With the day first, it would read through all batches that have the day.
DROP INDEX batch_days_visible;
CREATE INDEX batch_days_seen ON batch_days (batch_id, day) WHERE visible;
-- Finds the other batches of a day, such as those that a batch replaces.
CREATE INDEX batch_days_day ON batch_days (day, batch_id);
CREATE INDEX batch_days_unfolded ON batch_days (day, batch_id) WHERE fold_id IS NULL;
CREATE INDEX batch_days_folded ON batch_days (fold_id) WHERE fold_id IS NOT NULL;
