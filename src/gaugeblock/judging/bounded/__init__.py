"""Judging by a model, each verdict with the interval that the API's channel allows.

``ask`` and ``questions`` know how to put a question, ``verdicts`` what the replies say, ``judge``
joins the two; ``scorers`` and ``inspect_asker`` need Inspect, the rest does not.
"""
