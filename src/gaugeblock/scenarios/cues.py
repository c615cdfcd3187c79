"""Cues: sentences that a wrapper adds to a situation or takes out of it, and nothing else.

A cue file is YAML with ``id``, ``version`` and a list ``cues`` of records of the form ``Cue``. The
pair of a situation with and without a cue differs in the cue's text alone, so a difference in
behaviour is the cue's doing.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.scenarios.front_matter import read_yaml, validate
from gaugeblock.scenarios.types import Situation, Split


class Cue(Record):
    """A sentence that says something about the situation as a whole.

    Attributes:
        id: names the cue in the ids of situations that have it.
        kind: what it says, such as "test" or "deployment"; a free word of the cue file.
        where: end of the system prompt, end of the first user turn, or a line in a file.
        text: the sentence.
        split: whether it may be trained or tuned on.
        path: the file, where ``where`` is "file"; "" otherwise.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    kind: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    where: Literal["system", "user", "file"]
    text: Annotated[str, Field(min_length=1)]
    split: Split
    path: str = ""

    @model_validator(mode="after")
    def _path_fits(self) -> Self:
        if (self.where == "file") != bool(self.path):
            raise ValueError(f"cue '{self.id}': a path belongs to a cue in a file, and only there")
        return self


class CueFile(Record):
    """A cue file."""

    id: str
    version: Literal[1]
    cues: tuple[Cue, ...] = Field(min_length=1)

    def of(self, kind: str, split: Split | None = None) -> tuple[Cue, ...]:
        """Return the cues of a kind, in one split or in both."""
        return tuple(
            cue for cue in self.cues if cue.kind == kind and (split is None or cue.split == split)
        )


def load_cues(name: str | Path) -> CueFile:
    """Load a shipped cue file by name, or any by its path.

    Raises:
        GaugeblockError: if it does not exist, is not of the form, or repeats an id.
    """
    shipped = Path(str(files("gaugeblock.scenarios") / "cue_files"))
    path = Path(name)
    if not path.is_file():
        path = shipped / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in shipped.glob("*.yaml")))
        raise GaugeblockError(
            "there is no such cue file", where=name, remedy=f"Shipped cue files: {known}"
        )
    loaded = validate(CueFile, read_yaml(path), where=path)
    ids = [cue.id for cue in loaded.cues]
    repeated = sorted({ident for ident in ids if ids.count(ident) > 1})
    if repeated:
        raise GaugeblockError(f"field 'cues': repeated id {repeated}", where=path)
    return loaded


def with_cue(situation: Situation, cue: Cue) -> Situation:
    """Return the situation with a cue added and ``+cue`` at the end of its id.

    Raises:
        GaugeblockError: if it has the cue already, or the cue belongs in a file and the situation
            has none (no shell among its tools).
    """
    if cue.id in situation.id.split("+")[1:]:
        raise GaugeblockError(f"the situation has the cue '{cue.id}' already", where=situation.id)
    update: dict[str, object] = {"id": f"{situation.id}+{cue.id}"}
    added = _added(situation, cue)
    if cue.where == "system":
        update["system"] = situation.system + added
    elif cue.where == "user":
        update["turns"] = (situation.turns[0] + added, *situation.turns[1:])
    else:
        if not situation.files:
            raise GaugeblockError(
                f"the cue '{cue.id}' belongs in a file and the situation has no files",
                where=situation.id,
                remedy="Use situations whose tools include the shell",
            )
        content = situation.files[cue.path] + added if cue.path in situation.files else cue.text
        update["files"] = {**situation.files, cue.path: content}
    return situation.model_copy(update=update)


def without_cue(situation: Situation, cue: Cue) -> Situation:
    """Return the situation as it was before its last cue was added.

    Raises:
        GaugeblockError: if ``cue`` is not the last one that was added.
    """
    if not situation.id.endswith(f"+{cue.id}"):
        raise GaugeblockError(
            f"the cue '{cue.id}' is not the last one of the situation", where=situation.id
        )
    update: dict[str, object] = {"id": situation.id.removesuffix(f"+{cue.id}")}
    added = _added(situation, cue)
    if cue.where == "system":
        update["system"] = situation.system.removesuffix(added)
    elif cue.where == "user":
        update["turns"] = (situation.turns[0].removesuffix(added), *situation.turns[1:])
    else:
        kept = dict(situation.files)
        content = kept.pop(cue.path)
        if content != cue.text:
            kept[cue.path] = content.removesuffix(added)
        update["files"] = {path: kept[path] for path in situation.files if path in kept}
    return situation.model_copy(update=update)


def _added(situation: Situation, cue: Cue) -> str:
    if cue.where == "file":
        return f"\n{cue.text}"
    return f" {cue.text}" if situation.rendering == "controlled" else f"\n\n{cue.text}"
