"""A Streamlit page with a button that does nothing but read the clock: what ours is held against."""

import sys
import time

import streamlit as st


def stamp() -> None:
    sys.__stdout__.write(f"clicked {time.time_ns()}\n")
    sys.__stdout__.flush()


st.title("Hello")
st.button("Press", on_click=stamp)
