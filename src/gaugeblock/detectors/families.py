"""The probe families by name."""

from __future__ import annotations

from gaugeblock.detectors.attention import Attention
from gaugeblock.detectors.ccs import CCS
from gaugeblock.detectors.ensemble import Ensemble
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.mlp import MLP
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.sae import SAEProbe
from gaugeblock.detectors.ttpd import TTPD
from gaugeblock.errors import GaugeblockError

PROBES: dict[str, type[Probe]] = {
    probe.family: probe
    for probe in (
        MassMean,
        LDA,
        Logistic,
        CCS,
        TTPD,
        Attention,
        Mahalanobis,
        SAEProbe,
        Ensemble,
        MLP,
    )
}


def probe_class(family: str) -> type[Probe]:
    """Return the class of a family.

    Raises:
        GaugeblockError: no such family.
    """
    if family not in PROBES:
        raise GaugeblockError(
            f"no probe '{family}'", where="probe", remedy=f"One of {', '.join(PROBES)}"
        )
    return PROBES[family]
