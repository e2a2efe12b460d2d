"""Did we try this already? Full text over tickets: FTS5 with bm25 on SQLite, tsvector with GIN on PostgreSQL.

Ranking costs time for every match, so a word that stands in more than a tenth of all tickets does not rank: it is dropped
beside rarer words, and alone it gives the newest tickets that hold it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import orjson
from sqlalchemy import text

from assay.storage.queries.words import (
    ends_inside_word,
    folded,
    is_alike,
    search_words,
    spoken_words,
    telling_words,
    word_forms,
)
from assay.storage.session import Row, Session, Statement
from assay.workflows.views import SearchHit

COMMON_SHARE = 0.1
COMMON_FLOOR = 200
RARE_FLOOR, FEW = 20, 4
"""A word that stands in a third of all tickets, four at least and twenty at most where there are few, tells nothing."""
SIMILAR_WORDS = 12
SIMILAR_POOL = 40
"""So many best matches are read and compared word by word."""
MAX_HITS = 100
FIRST_POOL, LAST_POOL = 256, 2**20
HIGHLIGHT_ON, HIGHLIGHT_OFF = "\x02", "\x03"
_MARKS = re.compile(f"([{HIGHLIGHT_ON}{HIGHLIGHT_OFF}])")

_HIT = "t.key, t.type, t.title, t.stage, t.decision"
SIZE = Statement(
    lambda engine: text(
        "SELECT max(rowid) FROM ticket_search" if engine == "sqlite" else "SELECT max(id) FROM tickets"
    )
)
MATCHES = Statement(
    lambda engine: text(
        "SELECT count(*) FROM (SELECT 1 FROM ticket_search WHERE ticket_search MATCH :query LIMIT :cap)"
        if engine == "sqlite"
        else "SELECT count(*) FROM (SELECT 1 FROM ticket_search WHERE document @@ to_tsquery('simple', :query) LIMIT :cap) m"
    )
)
COUNTS = Statement(
    lambda engine: text(
        "SELECT w.value, (SELECT count(*) FROM (SELECT 1 FROM ticket_search WHERE ticket_search MATCH w.value LIMIT :cap)) "
        "FROM json_each(:terms) w"
        if engine == "sqlite"
        else "SELECT w.value, (SELECT count(*) FROM (SELECT 1 FROM ticket_search "
        "WHERE document @@ to_tsquery('simple', w.value) LIMIT :cap) m) "
        "FROM json_array_elements_text(CAST(:terms AS json)) w"
    )
)
TEXTS = Statement(
    lambda engine: text(
        "SELECT t.key, s.title || ' ' || s.hypothesis || ' ' || s.method || ' ' || s.learnings "
        "FROM tickets t JOIN ticket_search s ON s.rowid = t.id "
        "WHERE t.project_id = :project AND t.key IN (SELECT value FROM json_each(:keys))"
        if engine == "sqlite"
        else "SELECT t.key, s.title || ' ' || s.hypothesis || ' ' || s.method || ' ' || s.learnings "
        "FROM tickets t JOIN ticket_search s ON s.ticket_id = t.id "
        "WHERE t.project_id = :project AND t.key IN (SELECT json_array_elements_text(CAST(:keys AS json)))"
    )
)
_SQLITE_SNIPPET = "snippet(ticket_search, -1, char(2), char(3), '…', 24)"
_POSTGRES_SNIPPET = (
    "ts_headline('simple', s.title || ' · ' || s.hypothesis || ' ' || s.method || ' ' || s.learnings || ' ' || s.notes, "
    "to_tsquery('simple', :query), 'MaxFragments=1, MaxWords=24, MinWords=8, StartSel=' || chr(2) || ', StopSel=' || chr(3))"
)


def _ranked(engine: str) -> str:
    if engine == "sqlite":
        # From the inside: rank all matches without touching their rows (`pool` of them go on), keep those of the project,
        # and make snippets for what is shown alone. Joining before ranking costs eight times as much.
        return f"""
            SELECT {_HIT}, {_SQLITE_SNIPPET}, k.score
            FROM (SELECT r.id, r.score
                  FROM (SELECT rowid AS id, bm25(ticket_search, 10, 5, 2, 1, 2, 1) AS score
                        FROM ticket_search WHERE ticket_search MATCH :query ORDER BY score LIMIT :pool) r
                  JOIN tickets t ON t.id = r.id
                  WHERE t.project_id = :project AND t.key <> :exclude
                  ORDER BY r.score, r.id DESC LIMIT :limit) k
            JOIN ticket_search ON ticket_search.rowid = k.id AND ticket_search MATCH :query
            JOIN tickets t ON t.id = k.id
            ORDER BY k.score, t.id DESC"""  # noqa: S608  # fixed fragments
    return f"""
        SELECT {_HIT}, {_POSTGRES_SNIPPET}, -r.score
        FROM (SELECT f.ticket_id AS id, ts_rank_cd(f.document, to_tsquery('simple', :query)) AS score
              FROM ticket_search f JOIN tickets t ON t.id = f.ticket_id
              WHERE f.document @@ to_tsquery('simple', :query) AND t.project_id = :project AND t.key <> :exclude
              ORDER BY score DESC, f.ticket_id DESC LIMIT :limit) r
        JOIN ticket_search s ON s.ticket_id = r.id JOIN tickets t ON t.id = r.id
        ORDER BY r.score DESC, t.id DESC"""  # noqa: S608  # fixed fragments


def _newest(engine: str) -> str:
    if engine == "sqlite":
        return f"""
            SELECT {_HIT}, {_SQLITE_SNIPPET}, 0.0
            FROM ticket_search JOIN tickets t ON t.id = ticket_search.rowid
            WHERE ticket_search MATCH :query AND t.project_id = :project AND t.key <> :exclude
            ORDER BY ticket_search.rowid DESC LIMIT :limit"""  # noqa: S608  # fixed fragments
    return f"""
        SELECT {_HIT}, {_POSTGRES_SNIPPET}, 0.0
        FROM (SELECT f.ticket_id AS id FROM ticket_search f JOIN tickets t ON t.id = f.ticket_id
              WHERE f.document @@ to_tsquery('simple', :query) AND t.project_id = :project AND t.key <> :exclude
              ORDER BY f.ticket_id DESC LIMIT :limit) r
        JOIN ticket_search s ON s.ticket_id = r.id JOIN tickets t ON t.id = r.id
        ORDER BY t.id DESC"""  # noqa: S608  # fixed fragments


RANKED = Statement(lambda engine: text(_ranked(engine)))
NEWEST = Statement(lambda engine: text(_newest(engine)))


class SearchQueries(Session):
    """Which tickets hold these words?"""

    __slots__ = ()

    def search(self, project_id: int, text: str, *, limit: int) -> Sequence[SearchHit]:
        """Tickets that hold every word, in the singular or plural, best first; the last word may be a beginning."""
        words = search_words(text)
        if not words:
            return ()
        last = len(words) - 1 if ends_inside_word(text) else -1
        terms = [self._term(word, prefix=at == last) for at, word in enumerate(words)]
        cap = _common_from(self._size())
        counted = [(self._count(term, cap), term) for term in terms]
        if any(count == 0 for count, _ in counted):
            return ()
        rare = [term for count, term in counted if count < cap]
        statement = RANKED if rare else NEWEST
        return self._hits(statement, self._all_of(rare or terms), project_id, limit=limit)

    def similar(self, project_id: int, text: str, *, exclude: str | None, limit: int) -> Sequence[SearchHit]:
        """Past tickets that share telling words with this text, most words first; each says which words it shares."""
        words = telling_words(text)
        terms = {self._term(word): word for word in words}
        rare = self._rare(list(terms))
        if not rare:
            return ()
        pool = self._hits(RANKED, self._any_of(rare), project_id, exclude=exclude, limit=SIMILAR_POOL)
        keys = orjson.dumps([hit.key for hit in pool]).decode()
        said = {
            key: spoken_words(content) for key, content in self.rows(TEXTS, project=project_id, keys=keys)
        }
        sought = [word for word in words if word in {terms[term] for term in rare}]
        shared = {
            hit.key: tuple(
                word for word in sought if not said[hit.key].isdisjoint(map(folded, word_forms(word)))
            )
            for hit in pool
        }
        alike = [
            replace(hit, shared=shared[hit.key]) for hit in pool if is_alike(len(shared[hit.key]), len(words))
        ]
        return sorted(alike, key=lambda hit: -len(hit.shared))[:limit]

    def _rare(self, terms: Sequence[str]) -> list[str]:
        """The rarest of these that stand anywhere, without those that stand in many tickets."""
        if not terms:
            return []
        size = self._size()
        cap = min(max(RARE_FLOOR, _common_from(size) // 2), max(FEW, size // 3 + 1))
        counted = self.rows(COUNTS, terms=orjson.dumps(terms).decode(), cap=cap)
        return [term for term, count in sorted(counted, key=lambda row: row[1]) if 0 < count < cap][
            :SIMILAR_WORDS
        ]

    def _hits(
        self, statement: Statement, query: str, project_id: int, *, limit: int, exclude: str | None = None
    ) -> list[SearchHit]:
        wanted = max(0, min(limit, MAX_HITS))
        given = {"query": query, "project": project_id, "exclude": exclude or "", "limit": wanted}
        pool = FIRST_POOL
        while True:
            rows = self.rows(statement, **given, pool=pool)
            # Too few, yet the pool was full: the best matches belong to other projects.
            if len(rows) >= wanted or pool >= LAST_POOL or self._count(query, pool) < pool:
                return [_hit(row) for row in rows]
            pool *= 16

    def _count(self, term: str, cap: int) -> int:
        (count,) = self.one(MATCHES, query=term, cap=cap)
        return int(count)

    def _size(self) -> int:
        """How many tickets are there, at most?"""
        (size,) = self.one(SIZE)
        return size or 0

    def _term(self, word: str, *, prefix: bool = False) -> str:
        """The word in any of its forms."""
        quote, beginning, either = ('"', "*", " OR ") if self.engine == "sqlite" else ("'", ":*", " | ")
        forms = [f"{quote}{form}{quote}" for form in word_forms(word)]
        forms[0] += beginning if prefix else ""
        return f"({either.join(forms)})" if len(forms) > 1 else forms[0]

    def _all_of(self, terms: Sequence[str]) -> str:
        return (" AND " if self.engine == "sqlite" else " & ").join(terms)

    def _any_of(self, terms: Sequence[str]) -> str:
        return (" OR " if self.engine == "sqlite" else " | ").join(terms)


def _hit(row: Row) -> SearchHit:
    key, kind, title, stage, decision, marked, score = row
    excerpt, matches = unmarked(marked or "")
    return SearchHit(
        key=key,
        type=kind,
        title=title,
        stage=stage,
        decision=decision,
        excerpt=excerpt,
        score=float(-score),
        matches=matches,
    )


def unmarked(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    r"""The text without the marks, and where the marked words stand in it; a mark without its other half marks nothing.

    >>> unmarked("a \x02random\x03 \x02forest\x03 \x03of\x02")
    ('a random forest of', ((2, 8), (9, 15)))
    """
    plain = ""
    begun: int | None = None
    spans: list[tuple[int, int]] = []
    for piece in _MARKS.split(marked):
        if piece == HIGHLIGHT_ON:
            begun = len(plain)
        elif piece == HIGHLIGHT_OFF:
            if begun is not None and begun < len(plain):
                spans.append((begun, len(plain)))
            begun = None
        else:
            plain += piece
    return plain, tuple(spans)


def _common_from(size: int) -> int:
    """From how many tickets on is a word common?"""
    return max(COMMON_FLOOR, int(size * COMMON_SHARE))
