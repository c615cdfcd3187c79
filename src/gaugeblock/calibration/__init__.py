"""What an organism really does: its behaviour on and off the trigger, ability, self-image."""

from gaugeblock.calibration.card import OrganismCard, measured_card
from gaugeblock.calibration.page import card_markdown

__all__ = ["OrganismCard", "card_markdown", "measured_card"]
