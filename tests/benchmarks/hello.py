"""A Streamlit page with a button that does nothing but read the clock: what ours is held against."""

import time

import streamlit as st


def stamp() -> None:
    print(f"clicked {time.time_ns()}", flush=True)


st.title("Hello")
st.button("Press", on_click=stamp)
