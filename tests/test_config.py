"""Settings: what fits becomes a dataclass; what does not is named."""

from dataclasses import dataclass, field

import pytest

from firstshell.config import from_dict, portable, read_toml, stable_hash, to_dict
from firstshell.errors import InputError


@dataclass(frozen=True)
class Inner:
    depth: int = 1


@dataclass(frozen=True)
class Outer:
    width: float = 1.0
    names: tuple[str, ...] = ()
    limit: int | None = None
    scale: float | dict[str, float] = 1.0
    flag: bool = False
    inner: Inner = field(default_factory=Inner)


def test_round_trip():
    value = Outer(2.0, ("a", "b"), 3, {"O": 0.5}, True, Inner(4))
    assert from_dict(Outer, to_dict(value)) == value
    assert from_dict(Outer, {}) == Outer()


@dataclass(frozen=True)
class Engine:
    path: str = field(default="", metadata={"local": True})
    radius: float = 7.0


@dataclass(frozen=True)
class Later:
    """A table that came to have a field after files were written."""

    width: float = 1.0
    engine: Engine | None = field(default=None, metadata={"optional": True})


def test_a_field_that_came_later_changes_no_hash_of_what_was_there():
    assert to_dict(Later()) == {"width": 1.0}
    assert stable_hash(Later()) == stable_hash({"width": 1.0})
    assert from_dict(Later, {"width": 1.0}) == Later()
    assert from_dict(Later, to_dict(Later(engine=Engine(radius=5.0)))) == Later(engine=Engine(radius=5.0))


def test_what_is_local_does_not_travel():
    settings = Later(engine=Engine("/opt/feff"))
    assert to_dict(settings) == {"width": 1.0, "engine": {"radius": 7.0}}
    assert portable(settings).engine.path == ""


def test_a_wrong_key_within_an_optional_table_is_named():
    with pytest.raises(InputError, match=r"unknown setting 'raduis'.*Did you mean 'radius'"):
        from_dict(Later, {"engine": {"raduis": 5.0}})


def test_integers_are_numbers_and_none_is_a_word():
    assert from_dict(Outer, {"width": 2, "limit": "none"}) == Outer(2.0)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"wdith": 1.0}, r"unknown setting 'wdith' in \[Outer\]. Did you mean 'width'"),
        ({"width": "wide"}, "Outer.width = 'wide' is not of type float"),
        ({"width": True}, "Outer.width"),
        ({"width": float("nan")}, "Outer.width"),
        ({"names": "a"}, r"Outer.names = 'a' .*Give a list, such as \['a'\]"),
        ({"names": ["a", 1]}, "Outer.names"),
        ({"limit": 1.5}, "Outer.limit"),
        ({"flag": 1}, "Outer.flag"),
        ({"inner": {"dept": 1}}, "Did you mean 'depth'"),
        ({"inner": 3}, "Outer.inner"),
        ({"width": 10**400}, "Outer.width = 1000"),
        ({"width": 16**100_000}, "Outer.width = a int that is too long to show"),
        ({"limit": 2**63}, "Outer.limit"),
        ({"x" * 900_000: 1}, "unknown setting 'xxx.*…"),
        ({"width": "x" * 900_000}, "Outer.width = 'xxx.*…"),
    ],
)
def test_what_does_not_fit_is_named(table, message):
    with pytest.raises(InputError, match=message) as caught:
        from_dict(Outer, table)
    assert len(str(caught.value)) < 500


def test_hash_is_stable_and_sees_everything():
    assert stable_hash(Outer()) == stable_hash(to_dict(Outer()))
    assert stable_hash(Outer()) != stable_hash(Outer(inner=Inner(2)))
    assert stable_hash({"b": 1, "a": 2}) == stable_hash({"a": 2, "b": 1})


def test_bad_toml(tmp_path):
    path = tmp_path / "study.toml"
    with pytest.raises(InputError, match="cannot read the settings"):
        read_toml(path)
    path.write_text("[study\n")
    with pytest.raises(InputError, match="not TOML"):
        read_toml(path)
    for text in ("seed = " + "9" * 5000, "a = " + "[" * 40_000):
        path.write_text(text)
        with pytest.raises(InputError, match="not TOML") as caught:
            read_toml(path)
        assert len(str(caught.value)) < 500
    path.write_text("#" * 50_001)
    with pytest.raises(InputError, match="over 50 kB"):
        read_toml(path)
