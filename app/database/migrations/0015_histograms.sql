-- How the prices of a row are spread: a histogram of each day (app/rates/histogram.ts), for rows between ports only.
-- Null in rows of regions, and in rows that the release before writes, which does not know the column. EXTERNAL:
-- Postgres would spend more time on compressing these bytes than it gains.
ALTER TABLE daily_rates ADD COLUMN histograms bytea;
ALTER TABLE daily_rates ALTER COLUMN histograms SET STORAGE EXTERNAL;
