"""The door for probes and Prometheus. Nothing of it is loaded where ``metrics_listen`` is not set."""
