/** Where the chart mounts `database.ca` in every pod: the certificate authorities of the database. */
export const AUTHORITIES_FILE = "/etc/ratesapp-database/ca.crt";
