"""What pages share: the chart that updates in place, and who is looking."""
