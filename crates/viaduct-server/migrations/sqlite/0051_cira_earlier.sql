-- What a device may sign in with besides its new CIRA credential, until it is known that it took the new one.
ALTER TABLE device ADD COLUMN cira_earlier BLOB;
