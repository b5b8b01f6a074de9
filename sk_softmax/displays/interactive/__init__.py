"""The displays as Plotly figures: hover for numbers, drag to zoom, click a name to hide it.

Each file describes the figure of one display in plain dictionaries, as Plotly's JSON has them.
Only ``figures`` imports plotly, which the extra ``sk-softmax[explore]`` installs.
"""
