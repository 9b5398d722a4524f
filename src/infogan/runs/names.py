"""The user's names for codes and categories, beside the names and numbers that settings use."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from infogan.core.errors import ConfigError
from infogan.latent.latent import CLASS, Latent
from infogan.latent.posterior import Posterior


def control(text: str) -> str | None:
    """The first character of a text that does something to a terminal, as U+001B; None of none."""
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Zl", "Zp")), None)
    return bad and f"U+{ord(bad):04X}"


def _printable(name: str) -> str:
    if bad := control(name):
        raise ValueError(f"a name cannot hold the character {bad}")
    return name


_STRIPPED = StringConstraints(strip_whitespace=True, min_length=1, max_length=80)
Name = Annotated[str, _STRIPPED, AfterValidator(_printable)]


class Names(BaseModel):
    """Names of codes and of categories. Two categories may share a name, two codes may not.

    >>> names = Names(codes={"slant": "lean"}, categories={"digit": {3: "seven"}})
    >>> names.code("slant"), names.category("digit", 3), names.category("digit", 4)
    ('lean', 'seven', '#4')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    codes: Mapping[str, Name] = {}
    """Name of each code that has one, by the code."""
    categories: Mapping[str, Mapping[int, Name]] = {}
    """Names of categories by code and number."""
    merged: Mapping[str, Mapping[int, Name]] = {}
    """The same, where merging gave them: shown where the user gave none, and taken back whole."""

    @classmethod
    def from_tree(cls, tree: Any, latent: Latent) -> Self:
        """Names from names.json, for the codes of a latent; ConfigError says what is wrong."""
        try:
            names = cls.model_validate(tree)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "names"
            raise ConfigError(f"{where}: {fault['msg'].removeprefix('Value error, ')}") from None
        shown = [names.code(code) for code in latent.codes]
        for code, name in names.codes.items():
            latent.code(code)
            if shown.count(name) > 1 or name in ("file", "sorted"):
                raise ConfigError(f"codes.{code}: {name!r} is taken; give codes different names")
        for given in (names.categories, names.merged):
            for code in [code for code in given if code != CLASS]:
                if not latent.code(code).categories:
                    raise ConfigError(f"categories.{code}: it is continuous; name the code itself")
                for k in given[code]:
                    latent.columns(code, k)  # raises where there is no such category
        return names

    def tree(self) -> dict[str, Any]:
        """As names.json has them."""
        return self.model_dump(mode="json")

    def with_classes(self, classes: Sequence[str]) -> Self:
        """With the data's own names for classes that the user did not name."""
        given = dict(enumerate(classes)) | dict(self.categories.get(CLASS, {}))
        return self.model_copy(update={"categories": {**self.categories, CLASS: given}})

    def code(self, code: str) -> str:
        """What to call a code."""
        return self.codes.get(code, code)

    def given(self, code: str) -> dict[int, str]:
        """The names of a code's categories: the user's, else those that merging gave."""
        return {**self.merged.get(code, {}), **self.categories.get(code, {})}

    def category(self, code: str, k: int) -> str:
        """What to call a category: its name, or its number as `#3`, which no other category has."""
        return self.given(code).get(k, f"#{k}")

    def numbered(self, code: str, k: int) -> str:
        """A category's number, with its name if it has one: `3 seven`."""
        given = self.given(code).get(k)
        return f"{k} {given}" if given else str(k)

    def _called(self, code: str, name: str) -> list[int]:
        """The categories of a code that have that name."""
        return [k for k, given in self.given(code).items() if given == name]

    def find(self, word: str) -> str:
        """The code that a word means: its given name, or its own."""
        return next((code for code, name in self.codes.items() if name == word), word)

    def number(self, code: str, word: str) -> float:
        """The value that a word means: a category's name, else a number; `#3` is always a number.
        ConfigError when it is neither, or the name of several categories."""
        meant = self._called(code, word)
        if len(meant) > 1:
            both = " and ".join(map(str, meant))
            raise ConfigError(f"{code}={word}: names categories {both}; write {code}=#{meant[0]}")
        try:
            return meant[0] if meant else float(word.removeprefix("#"))
        except ValueError:
            raise ConfigError(f"{code}={word}: write NAME=NUMBER or NAME=CATEGORY") from None

    def members(self, code: str, k: int) -> NDArray[np.bool_]:
        """[K, names] which of a code's K categories have which name, names in the order of their
        first category; a category without a name is alone in its column."""
        words = [self.category(code, j) for j in range(k)]
        return np.array([[word == name for name in dict.fromkeys(words)] for word in words])

    def joined(self, code: str, posterior: Posterior) -> Posterior:
        """A posterior of N images in which categories that share a name count as one: the value is
        the likeliest category of the likeliest name, the confidence that name's probability."""
        own = self.members(code, posterior.probs.shape[1])
        named = posterior.probs @ own  # [N, names]
        value = np.where(own.T[named.argmax(1)], posterior.probs, -1).argmax(1)
        return replace(posterior, value=value, confidence=named.max(1))

    def columns(self, read: Mapping[str, Posterior]) -> dict[str, list[Any]]:
        """Posteriors of N images, as `joined` has them, as columns of a table: each code's value,
        its name where categories have names, and its confidence, rounded to 6 places."""
        table: dict[str, list[Any]] = {}
        for code, posterior in read.items():
            if posterior.probs.size:
                posterior = self.joined(code, posterior)
            name, values = self.code(code), posterior.value.tolist()
            table[name] = [round(value, 6) for value in values]
            if given := self.given(code):
                table[f"{name}_name"] = [given.get(value, "") for value in values]
            table[f"{name}_confidence"] = [round(c, 6) for c in posterior.confidence.tolist()]
        return table

    def changed(self, what: str, name: str, latent: Latent) -> Self:
        """With another name for `slant` (a code), `digit.3` (a category) or `digit.seven` (all
        categories of that name); an empty name removes the one that is there."""
        code, keys = self.find(what), list[Any]()
        known = {*latent.codes, CLASS}
        if code not in latent.codes:
            first, _, word = what.partition(".")
            if self.find(first) not in known:  # a code's own name may hold a point
                first, _, word = what.rpartition(".")
            code = self.find(first or what)
            keys = [int(word)] if word.isdecimal() else self._called(code, word)
            if code in known and not keys:
                raise ConfigError(f"{what}: a category is written {code}.0, or {code}.NAME")
        if code != CLASS:
            latent.code(code)
        tree = self.model_dump()
        place = tree["categories"].setdefault(code, {}) if keys else tree["codes"]
        if keys and not name.strip() and not set(keys) & set(place):
            why = "has no name of yours; `infogan merge RUN --undo` takes back what merging gave"
            raise ConfigError(f"{what}: {why}")
        for key in keys or [code]:
            place.pop(key, None)
            if name.strip():
                place[key] = name
        tree["categories"] = {code: given for code, given in tree["categories"].items() if given}
        names = self.from_tree(tree, latent)
        columns = {CLASS, *names._beside(CLASS, True)}  # of a model that has a head for it
        for own, of in latent.codes.items():
            columns |= {*names._beside(own, bool(of.categories))}
        if clash := columns & {names.code(own) for own in names.codes}:
            raise ConfigError(f"codes.{code}: {min(clash)!r} is another column of `infogan encode`")
        return names

    def _beside(self, code: str, categories: bool) -> list[str]:
        """The columns that `columns` writes beside that of a code."""
        return [f"{self.code(code)}_{of}" for of in ("confidence", *["name"] * categories)]
