-- Devices that knock and that somebody does not want to hear of: still counted, not shown among the others.
ALTER TABLE unclaimed ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0;
