-- How many batches were taken out of a fold by rows with the opposite sign, since the rows of the fold were last added
-- up. Each correction adds rows that a question must read (docs/architecture.md, "Folds").
ALTER TABLE batches ADD COLUMN corrections integer NOT NULL DEFAULT 0;
