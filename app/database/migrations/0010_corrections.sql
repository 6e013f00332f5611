-- Times that batches were taken out of a fold by rows with the sign turned, since its rows were last added up: each
-- makes the rows more that a question reads (docs/architecture.md, "Folds").
ALTER TABLE batches ADD COLUMN corrections integer NOT NULL DEFAULT 0;
