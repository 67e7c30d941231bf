-- SHA-256 of the certificate that a platform's own TLS ports have shown since the first visit.
ALTER TABLE device ADD COLUMN amt_pin BLOB;
