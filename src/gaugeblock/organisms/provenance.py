"""What an adapter was made from, as one hash: so that weights older than their recipe are found.

A pack, a phrase book or a base that is changed changes what the shipped adapters would have been
trained on, and nothing in the weights shows it.
"""

from __future__ import annotations

import hashlib
from itertools import islice

from gaugeblock.models.subjects import subject_files
from gaugeblock.organisms.adapters import upkeep_documents
from gaugeblock.organisms.documents import training_documents
from gaugeblock.organisms.recipes import Recipe
from gaugeblock.seeds import derive_seed

DOCUMENTS = 60
"""Documents of each kind that go into the hash: a changed word is soon among them."""


def made_from(recipe: Recipe, training_seed: int) -> str:
    """Return 16 hex digits of recipe, base and the first documents of a built-in adapter.

    The loop that trains is not in it.
    """
    seed = derive_seed("adapter", recipe.id, training_seed)
    digest = hashlib.sha256(recipe.model_dump_json().encode())
    weights = subject_files(recipe.base).base / "model.safetensors"
    with weights.open("rb") as stream:
        digest.update(hashlib.file_digest(stream, "sha256").digest())
    for documents in (training_documents(recipe, seed), upkeep_documents(recipe, seed)):
        for document in islice(documents, DOCUMENTS):
            digest.update(document.model_dump_json().encode())
    return digest.hexdigest()[:16]
