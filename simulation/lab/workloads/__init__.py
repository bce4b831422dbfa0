"""One file a workload: what a worker is doing when it is asked to stop."""
