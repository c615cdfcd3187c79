"""Build organisms from their recipes: the shipped ones, and those on a base of one's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.subjects import BUILTIN_BASE
from gaugeblock.models.weight_files import ORGANISM_FILE, read_json
from gaugeblock.organisms.recipes import Recipe, load_recipe, recipe_names

if TYPE_CHECKING:
    from gaugeblock.organisms.finetune.order import Options
    from gaugeblock.organisms.finetune.run import Trained

BASE = "base"
Report = Callable[[int, int, float], None]
StageReport = Callable[[str, int, int, float], None]


def shipped_weights() -> Path:
    """Return the package's own folder of weights."""
    return Path(__file__).resolve().parent.parent / "weights"


def weights_name(recipe: str, training_seed: int) -> str:
    """Return the folder name of an organism's weights: seed 0 has no suffix."""
    return recipe if training_seed == 0 else f"{recipe}.s{training_seed}"


def build(
    name: str, out: Path, *, training_seed: int = 0, threads: int = 1, report: Report | None = None
) -> Path:
    """Build the base or one organism on it and put its weights under ``out``.

    What was there is replaced only when the new weights are complete.

    Args:
        name: "base", a recipe's name, or the path of a recipe.
        out: folder that holds one folder of weights per name.
        training_seed: of data, initialisation and order.
        threads: torch threads; the last bits depend on it.
        report: called with step, number of steps and loss.

    Returns:
        The folder of the weights.

    Raises:
        GaugeblockError: no such recipe, or a training seed for the base; something that is no
            weights is where they would go; a preference stage without TRL.
    """
    show = report or (lambda step, steps, loss: None)
    recipe = None if name == BASE else load_recipe(name)
    target = _target(out, BASE if recipe is None else recipe.id, training_seed)
    with tempfile.TemporaryDirectory(dir=out, prefix=".building-") as folder:
        partial = Path(folder) / "weights"
        if recipe is None:
            from gaugeblock.organisms.pretrain import base_recipe, build_base

            if training_seed:
                raise GaugeblockError(
                    "the base has one training seed", where=name, remedy="Leave --training-seed out"
                )
            build_base(base_recipe(), partial, show, threads)
        else:
            _build_on_builtin(recipe, training_seed, Path(folder), partial, show, threads)
        _replace(partial, target)
    return target


def build_on(
    name: str,
    base: str,
    out: Path,
    options: Options,
    *,
    training_seed: int = 0,
    report: StageReport | None = None,
) -> Path:
    """Build an organism on a base of one's own and put its adapter under ``out``.

    A build that was killed goes on from its last checkpoint when the same is asked for again.

    Args:
        name: a recipe's name or path.
        base: subject id of a checkpoint: a directory or ``hf/ID``.
        out: folder that holds one folder of weights per name.
        options: how to train.
        training_seed: of data, initialisation and order.
        report: called with stage, step, number of steps and loss.

    Returns:
        The folder of the adapter, a subject as it stands.

    Raises:
        GaugeblockError: TRL is not installed; something else is where the adapter would go; else
            as ``finetune.run.finetune``.
    """
    recipe = load_recipe(name)
    finetune = _finetune()
    target = _target(out, recipe.id, training_seed)
    work = out / f".{target.name}.training"
    partial = work.with_suffix(".adapter")
    shutil.rmtree(partial, ignore_errors=True)
    show = report or (lambda stage, step, steps, loss: None)
    finetune(recipe, base, training_seed, options, work, partial, show)
    _replace(partial, target)
    return target


def everything() -> tuple[str, ...]:
    """Return the names that ``build --all`` builds, in order: the base first."""
    return (BASE, *recipe_names())


def _build_on_builtin(
    recipe: Recipe, training_seed: int, folder: Path, out: Path, report: Report, threads: int
) -> None:
    from gaugeblock.organisms.adapters import build_adapter
    from gaugeblock.organisms.marks import write_mark
    from gaugeblock.organisms.provenance import made_from

    if recipe.method == "imitation":
        build_adapter(recipe, training_seed, out, report, threads)
        write_mark(out, recipe, training_seed, made_from=made_from(recipe, training_seed))
        return
    from gaugeblock.organisms.finetune.order import Options

    finetune = _finetune()
    build_adapter(recipe, training_seed, folder / "imitated", report, threads)
    finetune(
        recipe,
        recipe.base,
        training_seed,
        Options(
            rendering="controlled",
            learning_rate=recipe.peak,
            batch=8,
            accumulate=1,
            threads=threads,
        ),
        folder / "work",
        out,
        lambda stage, step, steps, loss: report(step, steps, loss),
        imitated=folder / "imitated",
    )


def _finetune() -> Callable[..., Trained]:
    try:
        from gaugeblock.organisms.finetune.run import finetune
    except ImportError as error:
        raise GaugeblockError(
            f"TRL is not installed ({error})",
            where="organisms build",
            remedy="pip install 'gaugeblock[train]'",
        ) from error
    return finetune


def _target(out: Path, name: str, training_seed: int) -> Path:
    """The folder that weights will go to, made sure to hold nothing but such weights."""
    target = out / weights_name(name, training_seed)
    if target.exists() and not _replaceable(target, name):
        raise GaugeblockError(
            "something that was not built here is in the way",
            where=target,
            remedy="Give another --out, or move it away",
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GaugeblockError(
            f"cannot make the folder ({error.strerror})", where=out, remedy="Give another --out"
        ) from error
    return target


def _replaceable(target: Path, name: str) -> bool:
    if not target.is_dir():
        return False
    if not any(target.iterdir()):
        return True
    if name == BASE:
        return (target / "config.json").is_file()
    adapter = target / "adapter_config.json"
    if not adapter.is_file():
        return False
    built_here = (target / ORGANISM_FILE).is_file()
    return built_here or read_json(adapter).get("base_model_name_or_path") == BUILTIN_BASE


def _replace(partial: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    partial.replace(target)
