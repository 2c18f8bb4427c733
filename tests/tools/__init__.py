"""What the tests stand on: a browser, a PostgreSQL server, and the started app."""
