"""The app in a real Chromium: ``pytest tests/browser``; needs tests/requirements.txt and Chromium."""
