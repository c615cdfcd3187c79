"""The pressures on real models, through TRL's trainers. Needs gaugeblock[train]."""
