"""Terms are found where a person would find them, and looked for afterwards."""

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

from tfcli.errors import DataError
from tfcli.text.glossary import Glossary, keeps_term, read_glossaries

TERMS = {
    "神经网络": "neural network",
    "网络": "web",
    "神经": "nerve",
    "CPU": "processor",
    "bank": "Ufer",
    "river bank": "Rand",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("神经网络和网络", ["神经网络", "网络"]),
        ("神经神经网络", ["神经", "神经网络"]),
        ("买CPU吧", ["CPU"]),
        ("cpu", []),
        ("CPUs xCPU", []),
        ("The bank, a river bank.", ["bank", "river bank"]),
        ("Bank BANK banks", ["Bank", "BANK"]),
        ("", []),
    ],
)
def test_the_longest_term_is_found_and_no_part_of_a_word(text, found):
    places = Glossary(TERMS).find(text)
    assert [text[start:end] for start, end, _ in places] == found
    assert all(
        target == TERMS.get(text[start:end], TERMS.get(text[start:end].lower())) for start, end, target in places
    )


@given(
    st.text("神经网络a bCPU İß"),
    st.dictionaries(st.text("神经网络abCPUİß", min_size=1, max_size=5), st.just("x"), max_size=8),
)
def test_places_are_terms_and_do_not_overlap(text, terms):
    places = Glossary(dict.fromkeys(terms, "x")).find(text)
    assert all(text[start:end] in terms or text[start:end].lower() in terms for start, end, _ in places)
    assert all(first[1] <= second[0] for first, second in zip(places, places[1:], strict=False))


@pytest.mark.parametrize(
    ("term", "translation", "kept"),
    [
        ("neural network", "A Neural  network works.", True),
        ("server", "Two servers are down.", True),
        ("AI", "the AI is", True),
        ("AI", "in the Air", False),
        ("AI", "he said", False),
        ("AI", "ai", False),
        ("神经网络", "这是神经网络。", True),
        ("web", "cobweb", False),
        ("C++", "in C++.", True),
    ],
)
def test_a_term_is_kept_or_not(term, translation, kept):
    assert keeps_term(term, translation) == kept


def test_files_are_read_and_later_ones_come_first(tmp_path):
    one, two = tmp_path / "one.tsv", tmp_path / "two.tsv"
    one.write_text("# term\ttranslation\n\n软件\tsoftware\tnoun\n硬件\thardware\r\n", encoding="utf-8")
    two.write_text("\ufeff软件\tprogram\n", encoding="utf-8")
    assert read_glossaries([one, two]).terms == {"软件": "program", "硬件": "hardware"}
    assert read_glossaries([two, one]).terms["软件"] == "software"
    assert read_glossaries([]).find("软件") == []


@pytest.mark.parametrize("line", ["软件", "软件\t", "\tsoftware", "软件\t \tnote"])
def test_a_line_without_a_translation_is_named(tmp_path, line):
    path = tmp_path / "terms.tsv"
    path.write_text(f"好\tgood\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2 has no translation"):
        read_glossaries([path])
    path.write_bytes(b"good\n\xff\tx\n")
    with pytest.raises(DataError, match="line 1|line 2"):
        read_glossaries([path])


def test_on_the_command_line_and_in_settings(bare, tmp_path):
    (tmp_path / "terms.tsv").write_text("好久不见\tHalloo there\n", encoding="utf-8")
    assert "Halloo there" in run("translate", "--glossary", "terms.tsv", "好久不见。").text
    (tmp_path / "tfcli.toml").write_text('glossary = ["terms.tsv"]\n')
    assert "Halloo there" in run("translate", "好久不见。").text
    assert run("translate", "--glossary", "none.tsv", "好").code == 5
    (tmp_path / "terms.tsv").write_text("好久不见\n", encoding="utf-8")
    assert run("translate", "好久不见。").code == 3


def test_a_megabyte_of_text_and_many_terms_end():
    glossary = Glossary({"好" * length: "x" for length in range(1, 60)} | {f"term{i}": "y" for i in range(10_000)})
    assert len(glossary.find("好" * 100_000 + "term5 " * 20_000)) > 20_000
