"""What an audit is going to do, settled and hashed before the first run.

The plan is the whole input of an audit; the same plan in the same directory resumes, another plan
there is refused. It is written before any result exists, so that nothing in it can follow from one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from gaugeblock import __version__
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.subjects import SubjectInfo
from gaugeblock.scenarios.design import sample_situations
from gaugeblock.scenarios.front_matter import validate
from gaugeblock.scenarios.pack import Pack, load_pack
from gaugeblock.scenarios.types import Rendering, Situation, Split
from gaugeblock.seeds import Seeds
from gaugeblock.specs import Profile, load_profile

PLAN_FILE = "manifest.json"


class JudgeSpec(Record):
    """The grader that reads what predicates cannot, and the measured error of its codes.

    Attributes:
        model: Inspect model id of the grader.
        calibration: SHA-256 of the calibration file; None where its error is not measured.
        summary: the measured error in words; "" where there is none.
    """

    model: str
    calibration: str | None = None
    summary: str = ""


class Plan(Record):
    """The input of an audit.

    Attributes:
        version: of this schema.
        generator: program and version.
        subject: the model under test, with the fingerprint of its weights.
        seeds: the three seeds.
        pack: name or path of the scenario pack, and its SHA-256.
        pack_sha256: hash of the pack's files.
        split: domains that behaviour is never trained on, or those it is.
        rendering: controlled or natural.
        samples: number of situations.
        temperature: of the subject's decoding.
        max_tokens: longest single reply.
        token_limit: tokens a run may use in all; None for no limit.
        profiles: names or paths, and the SHA-256 of each as read.
        profile_sha256: profile to hash.
        judge: the grader, None where only predicates code.
    """

    version: Literal[1] = 1
    generator: str = f"gaugeblock {__version__}"
    subject: SubjectInfo
    seeds: Seeds
    pack: str
    pack_sha256: str
    split: Split
    rendering: Rendering
    samples: int
    temperature: float
    max_tokens: int
    token_limit: int | None
    profiles: tuple[str, ...]
    profile_sha256: dict[str, str]
    judge: JudgeSpec | None = None

    def run_id(self) -> str:
        """Return 16 hex digits that name the audit, the same in every process."""
        value = self.model_dump(mode="json")
        value["subject"]["capabilities"].sort()  # a set: its order changes with the hash seed
        text = json.dumps(value, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def load_pack(self) -> Pack:
        """Return the pack, refusing one that has changed since the plan was made."""
        pack = load_pack(self.pack)
        if pack.sha256 != self.pack_sha256:
            raise GaugeblockError(
                f"the scenario pack '{self.pack}' is not the one of the run",
                where=PLAN_FILE,
                remedy="Use the gaugeblock version that made the run",
            )
        return pack

    def load_profiles(self) -> tuple[Profile, ...]:
        """Return the profiles, refusing any that has changed since the plan was made."""
        profiles = tuple(load_profile(name) for name in self.profiles)
        for profile in profiles:
            if profile_hash(profile) != self.profile_sha256.get(profile.id):
                raise GaugeblockError(
                    f"the profile '{profile.id}' is not the one of the run",
                    where=PLAN_FILE,
                    remedy="Restore the file, or use the gaugeblock version that made the run",
                )
        return profiles

    def situations(self) -> tuple[Situation, ...]:
        """Return the situations of the plan, in order."""
        return sample_situations(
            self.load_pack(),
            split=self.split,
            rendering=self.rendering,
            samples=self.samples,
            scenario_seed=self.seeds.scenario_seed,
        )


def profile_hash(profile: Profile) -> str:
    """Return the SHA-256 of a profile's content."""
    return hashlib.sha256(profile.model_dump_json().encode()).hexdigest()


def settle(plan: Plan, out: Path) -> bool:
    """Write the plan into an empty directory, or check that it is the one already there.

    Returns:
        Whether there was such a plan already, so that the run resumes.

    Raises:
        GaugeblockError: the directory belongs to another audit, or holds other files.
    """
    path = out / PLAN_FILE
    if path.exists():
        there = read_plan(out)
        if there != plan:
            field = next(
                name for name in Plan.model_fields if getattr(there, name) != getattr(plan, name)
            )
            raise GaugeblockError(
                f"this is the directory of another audit (its '{field}' differs)",
                where=out,
                remedy="Choose another --out, or give the arguments of that audit to resume it",
            )
        return True
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise GaugeblockError(
            "this is not an empty directory and holds no audit",
            where=out,
            remedy="Choose another --out",
        )
    out.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
    return False


def read_plan(run: Path) -> Plan:
    """Return the plan of a run directory.

    Raises:
        GaugeblockError: there is none, it is not JSON, or it was made by a newer version.
    """
    path = run / PLAN_FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise GaugeblockError("this is not the directory of an audit", where=run) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise GaugeblockError("this is not JSON", where=path) from error
    if isinstance(value, dict) and isinstance(version := value.get("version"), int) and version > 1:
        raise GaugeblockError(
            f"this was made by a newer gaugeblock (version {version} of the schema)",
            where=path,
            remedy="Upgrade gaugeblock",
        )
    return validate(Plan, value, where=path)
