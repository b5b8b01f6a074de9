"""The lecture as a page to play with: ``python -m sk_softmax explore``.

A server for this machine alone runs the package's own solvers, and a page in the browser draws
what they do.
"""
