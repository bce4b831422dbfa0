"""What runs inside the lab process, tested in this one."""
