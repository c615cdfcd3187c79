"""Certify a detector of a shipped concept or a CSV on a local model, from end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock import __version__
from gaugeblock.certify.battery import certify
from gaugeblock.certify.concepts import Concept
from gaugeblock.certify.exhibit import Exhibit, Sample
from gaugeblock.certify.guided import guided_edits
from gaugeblock.certify.records import Certificate, Identity
from gaugeblock.certify.subject import At, Subject
from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.families import probe_class
from gaugeblock.detectors.files import DetectorCard, load_probe, save_probe
from gaugeblock.detectors.leaks import find_leaks
from gaugeblock.detectors.metrics import auroc
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.splits import grouped_folds
from gaugeblock.detectors.statements import Statement
from gaugeblock.errors import GaugeblockError

ON_POOLED = ("mass-mean", "lda", "logistic", "mlp", "sae", "mahalanobis")
"""Families that are fitted on one pooled vector per text and nothing else."""

NEIGHBOURS = 60
"""Training texts of each class that an encoder's output is compared with."""

Say = Callable[[str], None]


def choose_layer(x: Floats, labels: Ints, groups: ArrayLike, make: Callable[[], Probe]) -> int:
    """Return the block with the highest grouped cross-validated AUROC, the last one left out.

    The last block is what the model's output is read from; a direction there is causal by
    definition and says nothing.

    Args:
        x: training activations, shape (n, blocks, d).
        labels: 0 or 1, shape (n,).
        groups: one key per row.
        make: builds an unfitted probe.
    """
    blocks = x.shape[1]
    found = np.zeros(max(blocks - 1, 1))
    for layer in range(len(found)):
        scores = np.zeros(len(x))
        for train, test in grouped_folds(labels, groups, 5):
            part = make().fit(x[train, layer], labels[train]).score(x[test, layer])
            scores[test] = (part - np.median(part)) / (part.std() or 1.0)
        found[layer] = auroc(scores, labels)
    return int(np.argmax(found))


def pooled_family(family: str) -> type[Probe]:
    """Return the class of a family that ``certify_probe`` can fit.

    Raises:
        GaugeblockError: no such family, or one that needs more than ``ON_POOLED`` do.
    """
    found = probe_class(family)
    if family not in ON_POOLED:
        raise GaugeblockError(
            f"a {family} probe needs more than one pooled vector per text",
            where="probe",
            remedy=f"Use one of {', '.join(ON_POOLED)}; ccs and ttpd can be fitted in Python and "
            "their files certified with --blind, the others through certify.Exhibit",
        )
    return found


def certify_probe(
    subject: Subject,
    concept: Concept,
    make: Callable[[], Probe],
    *,
    layer: int | None = None,
    at: At | None = None,
    seed: int = 0,
    out: Path | None = None,
    drifted: Sequence[Subject] = (),
    say: Say = lambda title: None,
) -> Certificate:
    """Fit any probe on the concept's training statements and certify it.

    With ``ForeignProbe`` that is a probe of another library: it is fitted, refitted and scored by
    its own methods and goes through every trial that ours go through.

    Args:
        subject: the model.
        concept: statements.
        make: builds an unfitted probe that reads one pooled vector per text.
        layer: block to read; None for the best by ``choose_layer``.
        at: pooling; None for the last token of a causal model and the mean of an encoder.
        seed: of every random draw.
        out: where to save the detector; None not to (and where it cannot be saved).
        drifted: models fine-tuned from this one, on which the detector is read again.
        say: told what is being done.

    Raises:
        GaugeblockError: a layer that does not exist; what ``Probe.fit`` and ``save_probe`` raise.
    """
    pooling: At = at or ("mean" if subject.encoder else "last")
    texts = [s.text for s in concept.train]
    labels = np.array([s.label for s in concept.train])
    groups = np.array([s.group for s in concept.train])
    say("Reading every layer")
    chosen = layer
    if chosen is None:
        chosen = choose_layer(subject.all_layers(texts, pooling), labels, groups, make)
    x = subject.activations(texts, chosen, pooling)
    probe = make().fit(x, labels, groups=groups).calibrate(x[labels == 0])
    detector = ""
    if out is not None:
        detector = save_probe(
            probe,
            out / "detector",
            concept=concept.name,
            model=subject.fingerprint,
            subject=subject.loaded.subject,
            layer=chosen,
            at=pooling,
            frame=subject.frame,
            trained_on=set(groups.tolist()),
        ).tensors
    return _certify(
        subject, concept, probe, chosen, pooling, seed, drifted, say, detector, blind=False
    )


def certify_blind(
    subject: Subject,
    concept: Concept,
    detector: Path,
    *,
    seed: int = 0,
    drifted: Sequence[Subject] = (),
    say: Say = lambda title: None,
) -> Certificate:
    """Certify a detector file as a black box on activations: nothing is known of its making.

    Of the file's card only what is needed to feed and score it is used: layer, pooling, the model
    it belongs to and the class that reads its arrays. What it was fitted on, how, for which
    concept, and its threshold stay out of every trial.

    Raises:
        GaugeblockError: as ``load_probe``; another model; a card without a layer.
    """
    probe, card = load_probe(detector, model=subject.fingerprint)
    at = _pooling(card, detector)
    if card.layer is None:
        raise GaugeblockError("the card names no layer", where=detector)
    probe.calibration = None
    subject = subject.framed(card.frame)
    return _certify(
        subject, concept, probe, card.layer, at, seed, drifted, say, card.tensors, blind=True
    )


def _pooling(card: DetectorCard, where: Path) -> At:
    for known in ("last", "mean", "max"):
        if card.at == known:
            return known
    raise GaugeblockError(f"pooling '{card.at}' needs more than the text", where=where)


def _certify(
    subject: Subject,
    concept: Concept,
    probe: Probe,
    layer: int,
    at: At,
    seed: int,
    drifted: Sequence[Subject],
    say: Say,
    detector: str,
    *,
    blind: bool,
) -> Certificate:
    def sample(statements: tuple[Statement, ...]) -> Sample | None:
        if not statements:
            return None
        return Sample(statements, subject.activations([s.text for s in statements], layer, at))

    say("Reading the statements")
    train, home = sample(concept.train), sample(concept.home)
    assert train is not None
    assert home is not None
    fresh = subject.untrained(seed)
    texts = (train.texts, home.texts)
    untrained: tuple[Floats, Floats] | None
    try:
        untrained = _both(lambda t: fresh.activations(t, layer, at), texts)
    except GaugeblockError:
        # Random weights can fail the self-test; the trial then says that it was not measured.
        untrained = None
    if subject.encoder:
        sides = [[s.text for s in concept.train if s.label == side] for side in (1, 0)]
        output = subject.neighbour_output(sides[0][:NEIGHBOURS], sides[1][:NEIGHBOURS], layer)
        name = "The cosine to training texts with the concept less that to those without"
    elif concept.answers is not None:
        output = subject.answer_output(concept.answers, layer)
        asked = concept.answers
        name = (
            f"The logprob of '{asked.positive}' less that of '{asked.negative}' after "
            f"'{subject.frame.around(asked.prompt.format(text='...'))}'"
        )
    else:
        raise GaugeblockError("no answers to ask a causal model for", where=concept.name)
    say("Reading fine-tuned models")
    moved = {other.loaded.subject: _drift(subject, other, home, layer, at) for other in drifted}
    guided, why_not = guided_edits(subject.loaded, probe, layer, at, concept.neutral, subject.frame)
    exhibit = Exhibit(
        concept=concept.name,
        probe=probe,
        train=train,
        home=home,
        away=sample(concept.away),
        controls=sample(concept.controls),
        refit=None if blind else probe.fresh,
        # The mean token is used here: at the last token the embedding is that of a full stop.
        embedding=_both(lambda t: subject.activations(t, "embedding", "mean"), texts),
        untrained=untrained,
        drifted=moved,
        checks=subject.checks(),
        read=lambda t: subject.activations(t, layer, at),
        output=output,
        harm=subject.harm(concept.neutral, layer),
        edits=concept.edits,
        guided=guided,
        guided_why_not=why_not,
        output_name=name,
    )
    both = [*concept.train, *concept.home]
    leaks = find_leaks([s.text for s in both], [s.label for s in both], [s.group for s in both])
    identity = Identity(
        concept=concept.name,
        family="unknown" if blind else probe.family,
        settings={} if blind else probe.settings,
        detector=detector,
        blind=blind,
        subject=subject.loaded.subject,
        model=subject.fingerprint,
        drifted={other.loaded.subject: other.fingerprint for other in drifted},
        layer=layer,
        at=at,
        frame=subject.frame,
        width=train.x.shape[1],
        output=name,
        data={concept.name: concept.sha256},
        split=f"{len(set(train.groups))} groups fitted on, {len(set(home.groups))} held out, "
        "twins together",
        versions={
            "gaugeblock": __version__,
            **{name: metadata.version(name) for name in ("numpy", "torch", "transformers")},
        },
        seed=seed,
    )
    warnings = [*concept.warnings, *([leaks.warning] if leaks.warning else [])]
    return certify(exhibit, identity, warnings=warnings, progress=say)


def _drift(subject: Subject, other: Subject, home: Sample, layer: int, at: At) -> Floats:
    found = other.framed(subject.frame).activations(home.texts, layer, at)
    if found.shape != home.x.shape or other.encoder != subject.encoder:
        raise GaugeblockError(
            f"its block {layer} has width {found.shape[1]}, that of {subject.loaded.subject} has "
            f"{home.x.shape[1]}",
            where=other.loaded.subject,
            remedy="Name a model that was fine-tuned from the subject",
        )
    return found


def _both(
    read: Callable[[list[str]], Floats], texts: tuple[list[str], list[str]]
) -> tuple[Floats, Floats]:
    return read(texts[0]), read(texts[1])
