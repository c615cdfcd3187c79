"""Read and change the residual stream of any model. Needs torch; see docs/activations.md."""

from gaugeblock.models.activations.ablate import ablate
from gaugeblock.models.activations.blocks import EMBEDDING, Blocks, Layer, find_blocks
from gaugeblock.models.activations.encoding import Text, encode
from gaugeblock.models.activations.erase import erase
from gaugeblock.models.activations.fingerprint import model_fingerprint
from gaugeblock.models.activations.leace import Leace
from gaugeblock.models.activations.moments import ClassMoments, Moments
from gaugeblock.models.activations.patch import patch
from gaugeblock.models.activations.pooling import Pooling, TokenMask
from gaugeblock.models.activations.record import (
    Accumulator,
    Activations,
    RecordingInfo,
    record,
    stream,
)
from gaugeblock.models.activations.selftest import Check, SelfTest, self_test
from gaugeblock.models.activations.steer import steer
from gaugeblock.models.activations.tokens import TokenActivations, record_tokens

__all__ = [
    "EMBEDDING",
    "Accumulator",
    "Activations",
    "Blocks",
    "Check",
    "ClassMoments",
    "Layer",
    "Leace",
    "Moments",
    "Pooling",
    "RecordingInfo",
    "SelfTest",
    "Text",
    "TokenActivations",
    "TokenMask",
    "ablate",
    "encode",
    "erase",
    "find_blocks",
    "model_fingerprint",
    "patch",
    "record",
    "record_tokens",
    "self_test",
    "steer",
    "stream",
]
