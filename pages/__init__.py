"""One file a page: read widgets → call `simulation` → show."""
