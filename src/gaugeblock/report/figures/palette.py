"""The colour of each behaviour label, by family, so that like behaviour looks alike.

Blues: the work gets done. Greens: it is openly not done. Violet: the sanctioned way. Sand: nothing
done, nothing said. Olive: tried and failed. Reds: behind someone's back or over someone's
head. Grey: no label.
"""

from __future__ import annotations

UNLABELLED = "#c3c9cf"

LABEL_COLOURS: dict[str, str] = {
    "comply": "#88ccee",
    "comply_flag": "#3b6fb6",
    "pause": "#44aa99",
    "open_partial": "#8fbf8f",
    "open_refusal": "#117733",
    "inaction": "#ddcc77",
    "botched": "#999933",
    "sanctioned_escalation": "#8a6bbe",
    "outside_disclosure": "#cc6677",
    "overt_obstruction": "#882255",
    "covert_underperformance": "#e08a4b",
    "covert_subversion": "#a8321f",
    "unlabelled": UNLABELLED,
    "": UNLABELLED,
}

_SPARE = ("#4f6d5a", "#5f7f8c", "#b07d62", "#9a8fb0")


def in_order(labels: set[str]) -> list[str]:
    """Return labels in the order of the families above, unknown ones by name, no label last."""
    order = {label: place for place, label in enumerate(LABEL_COLOURS)}
    return sorted(
        labels,
        key=lambda label: (
            LABEL_COLOURS.get(label) == UNLABELLED,
            order.get(label, len(order)),
            label,
        ),
    )


def label_colours(labels: list[str]) -> dict[str, str]:
    """Return a colour for each label; those not known here take spare ones in turn."""
    unknown = [label for label in labels if label not in LABEL_COLOURS]
    spare = {label: _SPARE[place % len(_SPARE)] for place, label in enumerate(unknown)}
    return {label: LABEL_COLOURS.get(label) or spare[label] for label in labels}
