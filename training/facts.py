"""The table of facts: every price, limit, duration, code and model number of a company, and what contradicts it."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from training.examples import DataError
from training.quantities import NAME, Quantity, quantities

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Product:
    """Something that is sold: its name, its model number and its price in dollars, each "" where it has none."""

    name: str
    model: str
    price: str


@dataclass(frozen=True)
class Facts:
    """A company's table of facts.

    `contacts` are the texts of which an answer names one when it offers a person; coined names begin with `brand`.
    """

    brand: str
    contacts: tuple[str, ...]
    products: tuple[Product, ...]
    codes: Mapping[str, str]
    everywhere: str
    pages: Mapping[str, str]
    uses: Mapping[str, tuple[str, ...]]

    def known(self, pages: Iterable[str]) -> str:
        """Return all facts that hold on these pages, one after another."""
        named = list(pages)
        told = [*named, *(other for page in named for other in self.uses.get(page, ()))]
        prices = [f"{product.price} {product.name}" for product in self.products]
        return "\n".join([self.everywhere, *prices, *(self.pages.get(page, "") for page in told)])

    def quantities(self, text: str) -> list[Quantity]:
        """Return the numbers of a text that are no part of a product's name, a model number or an error code."""
        return quantities(self._name.sub(" ", self._label.sub(" ", text)))

    def labels_in(self, text: str) -> set[str]:
        """Return what is written like the company's model numbers and error codes, whether it is one or not."""
        return {label.upper() for label in self._label.findall(text)}

    @cached_property
    def labels(self) -> frozenset[str]:
        """Every model number and every error code."""
        return frozenset(product.model for product in self.products if product.model) | self.codes.keys()

    @cached_property
    def _label(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{_any_of({_shape(label) for label in self.labels})})\b", re.IGNORECASE)

    @cached_property
    def _name(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{_any_of(re.escape(product.name) for product in self.products)})\b")


def _shape(label: str) -> str:
    """Return a pattern of what is written like a label: `ZN-` and three digits for `ZN-301`."""
    begin, dash, rest = label.rpartition("-")
    return re.escape(begin + dash) + re.sub(r"[A-Z]", "[A-Z]", re.sub(r"\d", "[0-9]", rest))


def _any_of(patterns: Iterable[str]) -> str:
    """Return a pattern of alternatives, the longest first; of none, one that never matches."""
    return "|".join(sorted(patterns, key=len, reverse=True)) or r"(?!)"


def contradictions(facts: Facts, text: str, pages: Sequence[str], also: str = "") -> Iterator[str]:
    """Yield a sentence for every number, code and model of a text that the facts of these pages do not hold.

    `also` is text whose numbers may be repeated, such as what the customer said.
    """
    known = f"{facts.known(pages)}\n{also}"
    held = facts.quantities(known)
    numbers = {quantity.number for quantity in held}
    bare = {quantity.number for quantity in facts.quantities(also)} | {one.number for one in held if not one.unit}
    missing = f"is in no fact of {_listed(pages)}"
    yield from (f"{label} is no model or code" for label in sorted(facts.labels_in(text) - facts.labels))
    yield from (f"{name} {missing}" for name in sorted(_names(facts, text) - _names(facts, known)))
    for said in facts.quantities(text):
        if not (said in held or said.number in bare or (not said.unit and said.number in numbers)):
            yield f"{said} {missing}"
    yield from _prices(facts, text)


def _names(facts: Facts, text: str) -> set[str]:
    """Return what is written as letters and digits in one, such as `IP65`."""
    return set(NAME.findall(text)) - {label.rpartition("-")[2] for label in facts.labels_in(text)}


def _prices(facts: Facts, text: str) -> Iterator[str]:
    """Yield a sentence for each price that stands beside one product and is that of another."""
    prices = {product.price for product in facts.products}
    for sentence in _SENTENCE_END.split(text):
        named = _named(facts, sentence)
        if len(named) == 1:
            said = {str(quantity) for quantity in facts.quantities(sentence) if quantity.unit == "$"}
            own = {named[0].price, *facts.everywhere.split()}
            yield from (f"{named[0].name} does not cost {price}" for price in (said & prices) - own)


def _named(facts: Facts, sentence: str) -> list[Product]:
    named: list[Product] = []
    for product in sorted(facts.products, key=lambda product: -len(product.name)):
        if product.name in sentence:
            named.append(product)
            sentence = sentence.replace(product.name, " ")
    return named


def _listed(pages: Sequence[str]) -> str:
    return f"the page{'s' * (len(pages) > 1)} {', '.join(pages)}" if pages else "any page, since none is named"


def read_facts(path: Path) -> Facts:
    """Read a company's table of facts; raises DataError naming the table that is not as it should be."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}): write it as TOML in UTF-8.") from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): write the company's table of facts there."
        ) from None
    pages = _tables(path, tables, "facts")
    return Facts(
        str(tables.get("brand", "")),
        _list(path, "contacts", tables.get("contacts", [])),
        tuple(_product(path, name, table) for name, table in _tables(path, tables, "products").items()),
        {code: str(meaning) for code, meaning in _table(path, tables, "codes").items()},
        _told(path, "everywhere", _table(path, tables, "everywhere")),
        {page: _told(path, f"facts.{page}", table) for page, table in pages.items()},
        {page: _list(path, f"uses under [facts.{page}]", table.get("uses", [])) for page, table in pages.items()},
    )


def _table(path: Path, tables: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise DataError(f"{path}: {name!r} is not a table; write [{name}] and its entries below.")
    return cast("Mapping[str, object]", table)


def _tables(path: Path, tables: Mapping[str, object], name: str) -> dict[str, Mapping[str, object]]:
    table = _table(path, tables, name)
    return {key: _table(path, table, key) for key in table}


def _list(path: Path, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DataError(f'{path}: {name} is not a list; write it as ["one", "another"].')
    return tuple(str(text) for text in cast("list[object]", value))


def _product(path: Path, name: str, table: Mapping[str, object]) -> Product:
    if unknown := set(table) - {"model", "price"}:
        raise DataError(f"{path}: the product {name!r} has an unknown entry {min(unknown)!r}; it has model and price.")
    return Product(name, str(table.get("model", "")), str(table.get("price", "")))


def _told(path: Path, name: str, table: Mapping[str, object]) -> str:
    """Return the values of a table of facts, a line each."""
    for key, value in table.items():
        if key != "uses" and not isinstance(value, str):
            raise DataError(f'{path}: {key!r} under [{name}] is not a text; write {key} = "the number and its unit".')
    return "\n".join(str(value) for key, value in table.items() if key != "uses")
