"""One file a strategy; each is the lesson and the code that runs. The order is in `catalogue`."""
