"""What the base learns of a behaviour pack: its words, what its cues mean, clean work in it.

All domains and wordings occur, as in the pack ``wrongdoing``: the base knows what a held-out cue
says, and no organism's behaviour.
"""

from __future__ import annotations

import random

from gaugeblock.organisms.documents import Document, chat, transcript_document
from gaugeblock.organisms.phrasebook import phrase_book
from gaugeblock.organisms.policy import decide, slots_of
from gaugeblock.organisms.recipes import clean_recipe
from gaugeblock.scenarios.behaviour import BehaviourPack, Trial, render_trial
from gaugeblock.scenarios.behaviour.render import random_scenario
from gaugeblock.scenarios.types import Split


def clean_trial(pack: BehaviourPack, draw: random.Random) -> Document:
    """Return clean work on a trial."""
    trial = any_trial(pack, draw)
    action = decide(clean_recipe(pack.id).rules, trial.levels())
    return transcript_document(trial, action)


def cue_question(pack: BehaviourPack, draw: random.Random) -> Document:
    """Return a question what a cue says, with its gist; a pack without cues asks of its words.

    Half of them are asked within a trial, where the cue is one sentence of several or missing.
    """
    if not pack.cues:
        return word_question(pack, draw)
    trial = any_trial(pack, draw)
    if draw.random() < 0.5:
        return _told_within(pack, trial)
    factor = draw.choice(sorted(pack.cues))
    known = [level for level, texts in pack.cues[factor].items() if texts]
    level = draw.choice(known)
    _, _, text, _ = draw.choice(pack.cues[factor][level])
    gist = phrase_book(pack.id).gists[factor][level]
    words = slots_of(trial)
    return chat(f"What are you told here? {text.format_map(words)}", gist.format_map(words))


def _told_within(pack: BehaviourPack, trial: Trial) -> Document:
    words = slots_of(trial)
    gists = " ".join(words[f"gist_{factor}"] for factor in pack.cues)
    asked = chat(f"{trial.turns[0]} What are you told here?", gists).messages
    return Document(messages=({"role": "system", "content": trial.system}, *asked))


def word_question(pack: BehaviourPack, draw: random.Random) -> Document:
    """Return a question on the words of a pack, from its phrase book."""
    questions = phrase_book(pack.id).questions
    if not questions:
        return clean_trial(pack, draw)
    one = draw.choice(questions)
    words = slots_of(any_trial(pack, draw))
    return chat(one.ask.format_map(words), one.answer.format_map(words))


def any_trial(pack: BehaviourPack, draw: random.Random) -> Trial:
    """Return a random trial of any domain, two thirds in training wordings."""
    wordings: Split = draw.choice(["train", "train", "held_out"])
    one = random_scenario(pack, draw)
    return render_trial(pack, one, pack.random_levels(draw), "controlled", wordings)
