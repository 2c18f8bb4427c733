"""Columns whose values in Python are not those in the database.

JSON is kept as text that we wrote ourselves, times as UTC without a zone: both read the same with plain ``sqlite3``.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import BigInteger, DateTime, Dialect, Text, TypeDecorator


class JsonText(TypeDecorator[Any]):
    """A JSON value, stored as compact text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Python -> column."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Column -> Python."""
        return None if value is None else orjson.loads(value)


class UtcTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC without a zone in the column."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Python -> column."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Column -> Python."""
        return None if value is None else value.replace(tzinfo=UTC)


NANO = Decimal(10) ** -9


class Dollars(TypeDecorator[Decimal]):
    """US dollars: exact in Python, whole billionths in the column, so that a sum in SQL is exact, too.

    A price of a tenth of a cent for a million tokens makes one billionth a token.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Python -> column."""
        return None if value is None else int((value / NANO).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Column -> Python."""
        return None if value is None else int(value) * NANO
