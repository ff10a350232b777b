"""The generated year, once for all tests of it."""

from datetime import date

import pytest

from app.demo.data import DemoData, generate

TODAY = date(2026, 3, 9)


@pytest.fixture(scope="session")
def data() -> DemoData:
    """The whole year; nobody changes it."""
    return generate(seed=1, today=TODAY)
