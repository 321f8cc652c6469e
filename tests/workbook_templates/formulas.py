"""Reads a formula into a tree: as much of the grammar as the templates use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"]|\"\")*\")|(?P<number>\d+(?:\.\d+)?(?:E[+-]?\d+)?)"
    r"|(?P<call>[A-Za-z_][\w.]*)\(|(?P<ref>(?:[A-Za-z]\w*!)?\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?)"
    r"|(?P<word>TRUE|FALSE)|(?P<sign><=|>=|<>|[-+*/&=<>(),%]))"
)
BINDING = {"=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "<>": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4}


@dataclass(frozen=True)
class Node:
    """``kind``: text, number, word, ref, call or sign (an operator); ``of`` are its arguments or operands."""

    kind: str
    value: str
    of: tuple[Node, ...] = ()

    def nodes(self) -> Iterator[Node]:
        """Itself and all below it."""
        yield self
        for part in self.of:
            yield from part.nodes()


def parsed(formula: str) -> Node:
    """The tree of a formula, with or without its = in front. Raises ValueError where it is none."""
    tokens = _tokens(formula.removeprefix("="))
    parser = _Parser(tokens)
    tree = parser.expression(0)
    if parser.at < len(tokens):
        raise ValueError(f"{formula}: what is {tokens[parser.at][1]}?")
    return tree


def _tokens(formula: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(formula):
        match = TOKEN.match(formula, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"{formula}: what is {formula[at : at + 20]}?")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def expression(self, least: int) -> Node:
        left = self.operand()
        while self.at < len(self.tokens) and BINDING.get(self.tokens[self.at][1], 0) > least:
            kind, sign = self.tokens[self.at]
            if kind != "sign":
                break
            self.at += 1
            left = Node("sign", sign, (left, self.expression(BINDING[sign])))
        return left

    def operand(self) -> Node:
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "call":
            return Node("call", value.removeprefix("_xlfn."), self.arguments())
        if value in "+-" and kind == "sign":
            return Node("sign", value, (self.operand(),))
        if value == "(" and kind == "sign":
            inside = self.expression(0)
            self.expect(")")
            return inside
        if kind == "sign":
            raise ValueError(f"an operand is missing before {value}")
        return Node(kind, value)

    def arguments(self) -> tuple[Node, ...]:
        found: list[Node] = []
        while self.tokens[self.at][1] != ")":
            left_out = self.tokens[self.at][1] == ","
            found.append(Node("text", "") if left_out else self.expression(0))
            if self.tokens[self.at][1] == ",":
                self.at += 1
        self.at += 1
        return tuple(found)

    def expect(self, sign: str) -> None:
        if self.tokens[self.at][1] != sign:
            raise ValueError(f"{sign} is missing")
        self.at += 1
