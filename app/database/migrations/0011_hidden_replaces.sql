-- A `replace` of which consumers see no day, as later ones hide it, and whose rates were deleted until it is seen again
-- (docs/architecture.md, "Folds"). The release before would compact it without its rates; the constraint refuses that.
ALTER TABLE batches
  ADD COLUMN laid_aside boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT batches_laid_aside CHECK (NOT laid_aside OR compacted_at IS NULL);
