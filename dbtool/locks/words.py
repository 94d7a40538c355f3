"""A position in a statement's tokens, moved by what is read. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.locks.tokens import Name, Token, TokenKind


class Reader:
    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._at = 0

    def rest(self) -> tuple[Token, ...]:
        return self._tokens[self._at :]

    def peek(self) -> str:
        """The next word, empty where none is next."""
        token = self._next()
        return token.text if token is not None and token.kind is TokenKind.WORD else ""

    def word(self) -> str:
        word = self.peek()
        self._at += bool(word)
        return word

    def skip(self, *words: str) -> None:
        while self.peek() in words:
            self._at += 1

    def take(self, *words: str) -> bool:
        """Read these words if all of them are next."""
        ahead = tuple(token.text for token in self._tokens[self._at : self._at + len(words)])
        if ahead != words:
            return False
        self._at += len(words)
        return True

    def comma(self) -> bool:
        return self.take(",")

    def name(self) -> Name | None:
        parts = []
        while (token := self._next()) is not None and token.name is not None:
            parts.append(token.name)
            self._at += 1
            if not self.take("."):
                break
        self.take("*")
        return Name(tuple(parts)) if parts else None

    def parenthesis(self) -> None:
        """Skip what is in parentheses, if an opening one is next."""
        depth = 0
        while (token := self._next()) is not None:
            if token.kind is TokenKind.MARK:
                depth += {"(": 1, ")": -1}.get(token.text, 0)
            if not depth and token.text != ")":
                return
            self._at += 1

    def find_words(self, *words: str) -> Iterator[str]:
        for token in self.rest():
            if token.kind is TokenKind.WORD and token.text in words:
                yield token.text

    def move_to(self, word: str) -> None:
        """Stand behind the last of a word; stay where there is none."""
        places = [at for at in range(self._at, len(self._tokens)) if self._is_word(at, word)]
        self._at = places[-1] + 1 if places else self._at

    def _is_word(self, at: int, word: str) -> bool:
        return self._tokens[at].kind is TokenKind.WORD and self._tokens[at].text == word

    def _next(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None
