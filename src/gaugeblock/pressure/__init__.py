"""Training or selecting against a detector, and the audit that says which outcome it was.

``audit_cells`` needs no trainer and no torch: four arrays of activations, labels, any detectors.
"""
