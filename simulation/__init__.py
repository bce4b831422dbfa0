"""How to stop a thread in Python, measured.

Data flows one way: page or command line → `runner` → lab → recording → `report` → page.

=================  ==========================================================================
`simulation.lab`   all that runs inside the lab process; standard library only
`runner`           the parent of a lab: start a trial in it, ask a thread to stop, read the recording
`process`          the lab's process: start it, talk to it, reap it on every path
`playback`         reads a recording
`autopsy`          what a trial left behind, check by check
`experiment`       many trials: order, progress, cancel
`shelf`            what people look at in a browser
`transfer`         a download, or a chat answer, that people look at
`report`           tables, sentences and figures made from recordings; knows pandas and Plotly
`__main__`         the command line: ``python -m simulation``
=================  ==========================================================================

This file imports nothing: the lab passes through it, under interpreters that have no pandas.
"""
