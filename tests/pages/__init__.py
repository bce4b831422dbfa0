"""The pages, run as Streamlit runs them, without a browser."""
