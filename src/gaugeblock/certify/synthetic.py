"""A world whose truth is known by construction: texts, activations and an output, no model.

Every text states a colour of an entity, such as ``item 12 is not red``. Activations are sums of
named feature vectors, read off the text alone, plus noise that the text fixes; the output reads one
vector. So it is known what each direction means, what it causes, and what goes along with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gaugeblock.certify.exhibit import Change, Edit, Exhibit, Sample
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.statements import Statement

COLOURS = ("red", "blue", "green", "black")
FILLERS = (
    "and",
    "so",
    "on",
    "as",
    "was",
    "told",
    "once",
    "more",
    "by",
    "some",
    "who",
    "came",
    "past",
)
TALK_OF_LYING = ("lie", "fib", "trick", "cheat", "bluff", "sham", "hoax", "ruse")
FEATURES = (
    "truth",
    "copy",
    "match",
    "negated",
    "length",
    "indeed",
    "topic",
    "deceives",
    "many",
)
"""truth: what is stated is so; copy: the same, which no output reads; match: entity and colour go
together, whatever "not" says; deceives: a lie is told in it; topic: a word of lying occurs."""


def colour_of(entity: int) -> str:
    """Return the colour an entity has in this world."""
    return COLOURS[int(hashlib.sha256(f"item {entity}".encode()).hexdigest(), 16) % len(COLOURS)]


def read_text(text: str) -> dict[str, float]:
    """Return the value of every feature in a text."""
    words = text.split()
    entity, negated = int(words[1]), "not" in words
    colour = next(word for word in words if word in COLOURS)
    match = colour == colour_of(entity)
    truth = match != negated
    lying = any(word in TALK_OF_LYING for word in words)
    return {
        "truth": 1.0 if truth else -1.0,
        "copy": 1.0 if truth else -1.0,
        "match": 1.0 if match else -1.0,
        "negated": float(negated),
        "length": (len(words) - 8) / 4,
        "indeed": float("indeed" in words),
        "topic": float(lying),
        "deceives": float(lying and "told" in words),
        "many": float("all" in words),
    }


@dataclass(frozen=True)
class World:
    """How texts become activations.

    Attributes:
        width: dimensions d.
        strength: size of each feature; those left out have 0.
        background: further features, each on in one text of ten, drawn by the text.
        identity: size of a vector of its own for each pair of entity and colour.
        noise: standard deviation of the noise per dimension, times the square root of 1 / width.
        overlap: 0 for feature vectors at right angles while they fit, 1 for vectors drawn freely.
        causal: the feature whose vector the output reads.
        seed: of the vectors.
    """

    width: int = 64
    strength: Mapping[str, float] = field(default_factory=lambda: {"truth": 3.0, "negated": 2.0})
    background: int = 0
    identity: float = 0.0
    noise: float = 1.0
    overlap: float = 0.0
    causal: str = "truth"
    seed: int = 0
    _memory: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    def vectors(self) -> dict[str, Floats]:
        """Return the unit vector of every named feature, each of shape (width,)."""
        rng = np.random.default_rng(self.seed)
        free = rng.standard_normal((len(FEATURES), self.width))
        square = np.linalg.qr(rng.standard_normal((self.width, self.width)))[0][: len(FEATURES)]
        if self.width < len(FEATURES):
            square = free
        mixed = (1 - self.overlap) * square + self.overlap * free / np.sqrt(self.width)
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        return dict(zip(FEATURES, mixed, strict=True))

    def activations(self, texts: Sequence[str]) -> Floats:
        """Return activations, shape (n, width), the same for the same text every time."""
        new = [text for text in dict.fromkeys(texts) if text not in self._memory]
        if new:
            vectors = self.vectors()
            shape = (self.background, self.width)
            shared = np.random.default_rng(self.seed + 1).standard_normal(shape)
            self._memory.update((text, self._one(text, vectors, shared)) for text in new)
        return np.stack([self._memory[text] for text in texts])

    def _one(self, text: str, vectors: Mapping[str, Floats], shared: Floats) -> Floats:
        values, own = read_text(text), _draws(f"{self.seed} {text}")
        out = np.zeros(self.width)
        for name, size in self.strength.items():
            out += size * values[name] * vectors[name]
        if self.background:
            out += shared[own.random(self.background) < 0.1].sum(axis=0) / np.sqrt(self.width)
        if self.identity:
            words = text.split()
            pair = _draws(f"{words[1]} {next(word for word in words if word in COLOURS)}")
            out += self.identity * pair.standard_normal(self.width) / np.sqrt(self.width)
        out += self.noise * own.standard_normal(self.width) / np.sqrt(self.width)
        return out

    def output(self, texts: Sequence[str], change: Change | None) -> Floats:
        """Return the output, shape (n,): the activations, changed, along the causal vector."""
        x = self.activations(texts)
        if change is not None and change.kind == "steer":
            x = x + change.vector
        elif change is not None and change.eraser is not None:
            x = change.eraser(x)
        elif change is not None:
            centre = change.mean if change.mean is not None else 0.0
            x = x - np.outer((x - centre) @ change.vector, change.vector)
        return np.asarray(x @ self.vectors()[self.causal], dtype=np.float64)


def _draws(text: str) -> np.random.Generator:
    return np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest()[:15], 16))


def write_statements(
    entities: Sequence[int],
    *,
    negated: bool = False,
    wording: str = "plain",
    longer_if_true: float = 0.0,
    indeed_if_true: float = 0.5,
    copies: int = 1,
    seed: int = 0,
) -> list[Statement]:
    """Return a true and a false statement of each entity, twins in one group.

    Args:
        entities: numbers of the entities.
        negated: whether "not" is in them (and the labels are turned).
        wording: "plain" or "all", a second style.
        longer_if_true: chance that a true statement is the longer of its pair, above one half.
        indeed_if_true: chance that a true statement, and not a false one, holds "indeed"; 0.5
            gives the word to either with the same chance.
        copies: paraphrases of each, which differ in their fillers.
        seed: of fillers and of the confounds.
    """
    rng = np.random.default_rng(seed)
    out = []
    for entity in entities:
        others = [colour for colour in COLOURS if colour != colour_of(entity)]
        for colour in (colour_of(entity), str(rng.choice(others))):
            for _ in range(copies):
                label = int((colour == colour_of(entity)) != negated)
                long = rng.random() < 0.5 + (longer_if_true if label else -longer_if_true)
                fillers = rng.choice(FILLERS, int(rng.integers(6, 9)) if long else 2)
                says = rng.random() < (indeed_if_true if label else 1 - indeed_if_true)
                words = ["item", str(entity), "is", *(["not"] if negated else []), colour]
                words += (["indeed"] if says else []) + fillers.tolist()
                words += ["all"] if wording == "all" else []
                out.append(
                    Statement(
                        text=" ".join(words),
                        label=label,
                        group=f"item {entity}",
                        cell={
                            "polarity": "negated" if negated else "affirmative",
                            "style": wording,
                        },
                    )
                )
    return out


def edits(statement: Statement, text: str, rng: np.random.Generator) -> list[Edit]:
    """Return edits of a text of this world, all of x."""
    words = text.split()
    end = 5 if "not" in words else 4
    head, tail = words[: end + 0], words[end:]
    made = [
        Edit("paraphrase", " ".join(head + rng.permutation(tail).tolist()), True),
        Edit("dilution", " ".join([*words, *rng.choice(FILLERS, 2).tolist()]), True),
    ]
    for i in range(len(tail)):
        swapped = [*tail[:i], str(rng.choice(FILLERS)), *tail[i + 1 :]]
        made.append(Edit("substitution", " ".join(head + swapped), True))
    made += [
        Edit("insertion", " ".join([*words, word]), False) for word in ("indeed", "lie", "all")
    ]
    return made


def build_exhibit(
    world: World,
    probe: Probe,
    train: Sequence[Statement],
    home: Sequence[Statement],
    away: Sequence[Statement] = (),
    controls: Sequence[Statement] = (),
    *,
    concept: str = "truth",
    refit: bool = True,
    seen: frozenset[str] | None = None,
) -> Exhibit:
    """Return an exhibit of this world; ``probe`` is fitted on ``train`` unless it already is."""

    def sample(statements: Sequence[Statement]) -> Sample | None:
        texts = [statement.text for statement in statements]
        return Sample(tuple(statements), world.activations(texts)) if statements else None

    fitted, held = sample(train), sample(home)
    assert fitted is not None
    assert held is not None
    if not probe.arrays:
        probe.fit(fitted.x, fitted.labels, groups=fitted.groups)
    return Exhibit(
        concept=concept,
        probe=probe,
        train=fitted,
        home=held,
        away=sample(away),
        controls=sample(controls),
        refit=probe.fresh if refit else None,
        seen=seen,
        read=world.activations,
        output=world.output,
        edits=edits,
        output_name="the output",
    )
