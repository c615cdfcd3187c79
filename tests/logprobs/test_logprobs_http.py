import html
import json
from dataclasses import replace

import pytest
from logprobs_fake_server import FakeModel, FakeServer
from typer.testing import CliRunner

from gaugeblock.cli.channel import app
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import ChannelCard, card_schema, read_card, write_card
from gaugeblock.logprobs.channel.change import compare
from gaugeblock.logprobs.client import HttpSource, public_name
from gaugeblock.logprobs.collect import collect
from gaugeblock.logprobs.probe import make_card
from gaugeblock.logprobs.rows import Recording, Row, read_recording, write_recording
from gaugeblock.logprobs.spec import ChannelSpec

KEY = "sk-very-secret-0123456789"
BF16 = ChannelSpec(family="bf16", sentinel=-9999.0)


def probe_http(server, api="chat", budget=40, k=20, key=None):
    with HttpSource(server.url, "fake", api=api, key=key, sleep=lambda seconds: None) as source:
        return collect(source, budget=budget, k=k), source.name


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
def test_the_same_card_comes_from_the_endpoint_and_from_its_recorded_rows(tmp_path, api):
    with FakeServer(BF16) as server:
        recording, name = probe_http(server, api)
        assert len(server.requests) == 40
    card = make_card(recording, name)
    write_recording(tmp_path / "rows.jsonl", recording)
    again = make_card(read_recording(tmp_path / "rows.jsonl"), name)
    assert again == card
    assert card.family == "bf16"
    assert card.bits >= 10
    assert card.temperature.convention == "unaffected"
    assert card.repeats.kind == "identical"
    assert card.hygiene.bytes_given == (api != "completions")
    assert card.sampling.p is not None
    assert card.sampling.p > 0.001


@pytest.mark.parametrize(
    ("spec", "family"),
    [
        (ChannelSpec(), "none"),
        (ChannelSpec(family="softcap", cap=30.0), "softcap"),
        (ChannelSpec(family="noise", sd=0.02), "noise"),
        (ChannelSpec(family="fp16"), "fp16"),
        (ChannelSpec(family="step", step=0.1), "step"),
        (ChannelSpec(family="float_logprob", precision=11), "float_logprob"),
        (ChannelSpec(family="bf16", modes=3), "bf16"),
    ],
)
def test_every_family_is_named_over_http(spec, family):
    with FakeServer(spec) as server:
        card = make_card(*probe_http(server))
    assert (card.family, card.bits >= 10) == (family, True)
    assert card.channel.family == family
    if family == "softcap":
        assert card.cap == pytest.approx(30.0)
    if family == "noise":
        assert card.sd == pytest.approx(0.02, rel=0.25)
        assert card.repeats.kind == "continuous"
    if spec.modes > 1:
        assert card.repeats.kind == "modes"


@pytest.mark.parametrize("convention", ["unaffected", "scaled", "scaled_except_zero"])
def test_temperature_convention(convention):
    with FakeServer(ChannelSpec(temperature=convention)) as server:
        card = make_card(*probe_http(server))
    assert card.temperature.convention == convention
    assert card.family == "none"


def test_samples_that_do_not_follow_the_report_are_noticed():
    spec = ChannelSpec(k=5)
    with FakeServer(spec) as server:
        apply = server.channel.apply

        def flattened(logits, rng, *, temperature, k):
            reported = apply(logits, rng, temperature=temperature, k=k)
            flat = apply(logits / 4, rng, temperature=1.0, k=k)
            return replace(reported, probabilities=flat.probabilities)

        server.channel.apply = flattened
        card = make_card(*probe_http(server, budget=60))
    assert card.sampling.p < 0.01


def test_the_key_is_sent_and_appears_nowhere_else(tmp_path):
    with FakeServer(BF16) as server:
        url = server.url.replace("http://", "http://user:hidden@") + "?token=alsohidden"
        with HttpSource(url, "fake", key=KEY) as source:
            recording, name = collect(source, budget=8), source.name
        assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    card = make_card(recording, name)
    text = card.model_dump_json() + repr(recording)
    assert KEY not in text
    assert "hidden" not in text
    refusing = FakeServer(BF16, raw=(400, f'{{"error": "bad key {KEY}"}}'))
    with (
        refusing as server,
        HttpSource(server.url, "fake", key=KEY) as source,
        pytest.raises(GaugeblockError, match="status 400") as caught,
    ):
        source.ask("x", temperature=1.0, k=5)
    assert KEY not in str(caught.value)


def test_busy_servers_are_asked_again_after_the_time_they_name():
    waits = []
    with FakeServer(BF16, busy=3) as server:
        with HttpSource(server.url, "fake", sleep=waits.append) as source:
            assert len(source.ask("x", temperature=1.0, k=5).top) == 5
        assert waits == [3.0, 3.0, 3.0]
    with (
        FakeServer(BF16, busy=99) as server,
        HttpSource(server.url, "fake", retries=2, sleep=waits.append) as source,
        pytest.raises(GaugeblockError, match="3 attempts: status 429"),
    ):
        source.ask("x", temperature=1.0, k=5)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ((200, "<!doctype html><html>log in</html>"), "page of HTML"),
        ((502, "<html>bad gateway</html>"), "status 502"),
        ((403, "no"), "refused the API key"),
        ((404, "<html>nothing here</html>"), "status 404: a page of HTML"),
        ((200, "[1, 2"), "not JSON"),
        ((200, "[]"), "not a JSON object"),
        ((200, "{}"), "no field choices"),
        ((200, '{"choices": []}'), "no field choices"),
        ((200, '{"choices": [{"text": "x"}]}'), "no field choices.0..message"),
    ],
)
def test_broken_answers_are_clear_errors(raw, message):
    with (
        FakeServer(BF16, raw=raw) as server,
        HttpSource(server.url, "fake", sleep=lambda seconds: None) as source,
        pytest.raises(GaugeblockError, match=message),
    ):
        source.ask("x", temperature=1.0, k=5)


def content(answer):
    return answer["choices"][0]["logprobs"]["content"][0]


def without_logprobs(answer):
    answer["choices"][0]["logprobs"] = None
    return answer


def empty_top(answer):
    content(answer)["top_logprobs"] = []
    return answer


def with_nan(answer):
    content(answer)["top_logprobs"][3]["logprob"] = float("nan")
    return answer


def with_null(answer):
    content(answer)["top_logprobs"][3]["logprob"] = None
    return answer


def short(answer):
    content(answer)["top_logprobs"] = content(answer)["top_logprobs"][:4]
    return answer


def doubled(answer):
    listed = content(answer)["top_logprobs"]
    listed[5] = dict(listed[4])
    return answer


def positive(answer):
    content(answer)["top_logprobs"][0]["logprob"] = 0.4
    return answer


def with_sentinel(answer):
    content(answer)["top_logprobs"][-1]["logprob"] = -9999.0
    return answer


@pytest.mark.parametrize(
    ("mangle", "code"),
    [
        (without_logprobs, "empty_top"),
        (empty_top, "empty_top"),
        (with_nan, "not_a_number"),
        (with_null, "not_a_number"),
        (short, "fewer_than_asked"),
        (doubled, "duplicate_tokens"),
        (positive, "positive"),
        (with_sentinel, "sentinel"),
    ],
)
def test_bad_numbers_are_named_in_the_hygiene_part(mangle, code):
    with FakeServer(BF16, mangle=mangle) as server:
        card = make_card(*probe_http(server, budget=8, k=8))
    named = {finding.code: finding for finding in card.hygiene.findings}
    assert named[code].rows == 8
    if code == "fewer_than_asked":
        assert (card.hygiene.k_asked, card.hygiene.k_effective) == (8, 4)
    if code == "empty_top":
        assert card.family == "undecided"
        assert "no row has two usable logprobs" in card.sentence


def test_tokens_lost_to_a_string_key_are_noticed():
    def lossy(answer):
        top = answer["choices"][0]["logprobs"]["top_logprobs"][0]
        kept = {token: x for i, (token, x) in enumerate(top.items()) if i not in (1, 2)}
        answer["choices"][0]["logprobs"]["top_logprobs"][0] = kept
        return answer

    with FakeServer(ChannelSpec(k=20), mangle=lossy) as server:
        card = make_card(*probe_http(server, api="completions", budget=8))
    assert "lost_tokens" in {finding.code for finding in card.hygiene.findings}
    assert card.candidates[0].string_keyed


def test_a_changed_channel_raises_the_alarm_at_24_rows():
    def rows(model, spec=BF16):
        with FakeServer(spec, model) as server, HttpSource(server.url, "fake") as source:
            return [
                Row("x", i, 1.0, 20, a.top, a.chosen)
                for i in range(24)
                for a in [source.ask("x", temperature=1.0, k=20)]
            ]

    noisy = ChannelSpec(family="noise", sd=0.01)
    before = rows(FakeModel())
    assert compare(before, rows(FakeModel())).p == 1.0
    assert compare(before, rows(FakeModel(shift=0.05))).p < 1e-3
    assert compare(rows(FakeModel(), noisy), rows(FakeModel(shift=0.02), noisy)).p < 1e-3


def test_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_KEY", KEY)
    runner = CliRunner()
    out, store = tmp_path / "out", tmp_path / "store"
    common = ["--budget", "24", "--json", "--key-env", "FAKE_KEY", "--store", str(store)]
    with FakeServer(BF16) as server:
        first = runner.invoke(app, ["probe", server.url, *common, "--out", str(out)])
        second = runner.invoke(app, ["probe", server.url, *common])
    assert first.exit_code == 0, first.output
    answer = json.loads(first.stdout)
    assert answer["family"] == "bf16"
    assert answer["bits"] >= 10
    assert answer["change"] is None
    assert json.loads(second.stdout)["change"]["alarm"] is False
    assert read_card(out / "card.json") == ChannelCard.model_validate(answer)
    again = runner.invoke(app, ["probe", "--rows", str(out / "rows.jsonl"), "--json"])
    ignored = {"source"}
    assert {k: v for k, v in json.loads(again.stdout).items() if k not in ignored} == {
        k: v for k, v in answer.items() if k not in ignored
    }
    page = (out / "card.html").read_text()
    assert "<script" not in page
    assert "default-src 'none'" in html.unescape(page)
    everything = first.output + second.output + page
    everything += "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY not in everything


def test_cards_survive_a_round_trip_and_other_files_are_refused(tmp_path):
    with FakeServer(BF16) as server:
        recording, name = probe_http(server, budget=10)
    card = make_card(recording, name)
    write_card(tmp_path / "card.json", card)
    assert read_card(tmp_path / "card.json") == card
    assert card.fingerprint() == make_card(recording, "elsewhere").fingerprint()
    (tmp_path / "other.json").write_text('{"version": "gaugeblock.channel/1"}')
    with pytest.raises(GaugeblockError, match="source: field required"):
        read_card(tmp_path / "other.json")
    assert card_schema()["$id"] == "gaugeblock.channel/1"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://a:b@host:8000/v1/?key=1#x", "http://host:8000/v1"),
        ("https://api.example.org/v1", "https://api.example.org/v1"),
    ],
)
def test_names_hold_no_secrets(url, name):
    assert public_name(url) == name


@pytest.mark.parametrize("url", ["host/v1", "ftp://host", "http://", "http://host:abc"])
def test_other_urls_are_refused(url):
    with pytest.raises(GaugeblockError, match="URL"):
        public_name(url)


def test_too_small_a_budget_and_no_rows_are_refused():
    with (
        FakeServer(BF16) as server,
        HttpSource(server.url, "fake") as source,
        pytest.raises(GaugeblockError, match="budget of 3"),
    ):
        collect(source, budget=3)
    with pytest.raises(GaugeblockError, match="no rows"):
        make_card(Recording(()), "nothing")
