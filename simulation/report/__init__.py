"""Tables, sentences and figures, made from recordings. Knows pandas and Plotly, not Streamlit.

`words` and `narrative` need neither and load fast; import `tables` and `figures` where used.
"""
