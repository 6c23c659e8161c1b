"""What runs in a model server's Python processes: the fork server, its workers, the handlers' contract."""
