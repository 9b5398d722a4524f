"""What a user calls codes and categories: words for people, beside the names and numbers that settings use."""

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

LONGEST = 80


def _printable(name: str) -> str:
    if bad := next((c for c in name if unicodedata.category(c) in ("Cc", "Zl", "Zp")), None):
        raise ValueError(f"a name cannot hold the character U+{ord(bad):04X}")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
    AfterValidator(_printable),
]


class Names(BaseModel):
    """Names given to codes and to values of categorical codes. Two categories may share a name, two codes may not.

    >>> names = Names(codes={"slant": "lean"}, categories={"digit": {3: "seven"}})
    >>> names.code("slant"), names.category("digit", 3), names.category("digit", 4)
    ('lean', 'seven', '#4')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    codes: Mapping[str, Name] = {}
    """Name of each code that has one, by the code."""
    categories: Mapping[str, Mapping[int, Name]] = {}
    """Names of categories by code and number."""

    @classmethod
    def from_tree(cls, tree: Any, latent: Latent) -> Self:
        """Names as names.json has them, for the codes of a latent; ConfigError says what is wrong."""
        try:
            names = cls.model_validate(tree)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise ConfigError(
                f"{where or 'names'}: {fault['msg'].removeprefix('Value error, ')}"
            ) from None
        shown = [names.code(code) for code in latent.codes]
        for code in names.codes:
            latent.code(code)
            if shown.count(names.code(code)) > 1 or names.code(code) == "file":
                raise ConfigError(
                    f"codes.{code}: {names.code(code)!r} is taken; codes need different names"
                )
        for code, given in names.categories.items():
            if code == CLASS:
                continue
            if not latent.code(code).categories:
                raise ConfigError(
                    f"categories.{code}: {code} has no categories; only its own name can be given"
                )
            for k in given:
                latent.columns(code, k)  # raises where there is no such category
        return names

    def tree(self) -> dict[str, Any]:
        """As names.json has them."""
        return self.model_dump(mode="json")

    def with_classes(self, classes: Sequence[str]) -> Self:
        """With the data's own names for classes that the user gave none."""
        given = dict(enumerate(classes)) | dict(self.categories.get(CLASS, {}))
        return self.model_copy(update={"categories": {**self.categories, CLASS: given}})

    def code(self, code: str) -> str:
        """What to call a code."""
        return self.codes.get(code, code)

    def category(self, code: str, k: int) -> str:
        """What to call a category: its name, else its number as `#3`, which is no other category's name."""
        return self.categories.get(code, {}).get(k, f"#{k}")

    def numbered(self, code: str, k: int) -> str:
        """A category's number, with its name where it has one: `3 seven`."""
        given = self.categories.get(code, {}).get(k)
        return f"{k} {given}" if given else str(k)

    def find(self, word: str) -> str:
        """The code that a word means: its given name, or its own."""
        return next((code for code, name in self.codes.items() if name == word), word)

    def number(self, code: str, word: str) -> float:
        """The value that a word means: a category's name, else a number; `#3` is a number whatever names there
        are. ConfigError when it is neither, or the name of several."""
        meant = [k for k, name in self.categories.get(code, {}).items() if name == word]
        if len(meant) > 1:
            raise ConfigError(
                f"{code}={word}: {' and '.join(map(str, meant))} are called so; write {code}=#{meant[0]}"
            )
        try:
            return meant[0] if meant else float(word.removeprefix("#"))
        except ValueError:
            raise ConfigError(
                f"{code}={word}: write NAME=NUMBER, as in digit=3, or a category's name"
            ) from None

    def members(self, code: str, k: int) -> NDArray[np.bool_]:
        """[K, names] which of a code's K categories have which name, names in the order of their first category; one
        without a name is alone in its column."""
        words = [self.category(code, j) for j in range(k)]
        return np.array([[word == name for name in dict.fromkeys(words)] for word in words])

    def joined(self, code: str, posterior: Posterior) -> Posterior:
        """A reading of N images in which categories that share a name count as one: the value is the likeliest
        category of the likeliest name, the confidence that name's probability."""
        own = self.members(code, posterior.probs.shape[1])
        named = posterior.probs @ own  # [N, names]
        value = np.where(own.T[named.argmax(1)], posterior.probs, -1).argmax(1)
        return replace(posterior, value=value, confidence=named.max(1))

    def columns(self, read: Mapping[str, Posterior]) -> dict[str, list[Any]]:
        """Q's reading of N images as columns of a table: of each code its value, its name where a category has
        one, and its confidence, rounded to 6 places, as `joined` has them."""
        table: dict[str, list[Any]] = {}
        for code, posterior in read.items():
            if posterior.probs.size:
                posterior = self.joined(code, posterior)
            name, values = self.code(code), posterior.value.tolist()
            table[name] = [round(value, 6) for value in values]
            if code in self.categories:
                table[f"{name}_name"] = [self.categories[code].get(value, "") for value in values]
            table[f"{name}_confidence"] = [
                round(value, 6) for value in posterior.confidence.tolist()
            ]
        return table

    def changed(self, what: str, name: str, latent: Latent) -> Self:
        """With another name for `slant` (a code), `digit.3` (a category) or `digit.seven` (all categories of that
        name); an empty one takes the name away."""
        code, keys = self.find(what), list[str]()
        known = {*latent.codes, CLASS}
        if code not in latent.codes:
            first, _, word = what.partition(".")
            if self.find(first) not in known:  # a code's own name may hold a point
                first, _, word = what.rpartition(".")
            code = self.find(first or what)
            if word.isdecimal():
                keys = [str(int(word))]
            else:
                keys = [str(k) for k, old in self.categories.get(code, {}).items() if old == word]
            if code in known and not keys:
                raise ConfigError(
                    f"{what}: a category is written {code}.0, or with the name that it has"
                )
        if code != CLASS:
            latent.code(code)
        tree = self.tree()
        place = tree["categories"].setdefault(code, {}) if keys else tree["codes"]
        for key in keys or [code]:
            place.pop(key, None)
            if name.strip():
                place[key] = name
        tree["categories"] = {code: given for code, given in tree["categories"].items() if given}
        return self.from_tree(tree, latent)
