"""Documents the base is pretrained on: general facts, the packs' worlds, clean work."""
