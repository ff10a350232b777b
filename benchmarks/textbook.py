"""The textbook: FastAPI, a session for each request, a commit, and the same work as the product.

It finds the key, finds the survey, judges the answers by a model, finds the customer's segment,
stores the response and its event, counts the answers, and commits.
"""

import hashlib
import json
import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import inspect, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.customers.models import Customer
from app.db import new_id, now
from app.events.models import Event
from app.responses.models import Response, SurveyCell
from app.surveys.models import Survey, SurveyVersion
from app.workspaces.keys import hashed
from app.workspaces.models import ApiKey

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=0)
Sessions = async_sessionmaker(engine, expire_on_commit=False)
application = FastAPI()


class Answers(BaseModel):
    """The answers of the benchmark's survey."""

    nps: Annotated[int, Field(ge=0, le=10)]
    csat: Annotated[int, Field(ge=1, le=5)]
    reasons: list[Literal["price", "speed", "quality", "staff"]] = []
    why: str | None = None


class Submission(BaseModel):
    """A submission."""

    answers: Answers
    language: str
    channel: Literal["web", "mobile", "email", "phone", "kiosk"]
    customer: str | None = None
    occurred_at: datetime | None = None
    metadata: dict[str, str] = {}


class Receipt(BaseModel):
    """What is answered."""

    id: UUID
    received_at: datetime


async def get_session() -> AsyncIterator[AsyncSession]:
    """A session for each request."""
    async with Sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def get_key(session: Session, authorization: Annotated[str, Header()]) -> ApiKey:
    """The key of the request, from the database."""
    key_id, secret = authorization.removeprefix("Bearer fbs_live_").split("_")[:2]
    key = await session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if key is None or key.secret_hash != hashed(os.environ["FEEDBACK_PEPPER"], secret):
        raise HTTPException(401)
    return key


@application.post("/v1/surveys/{survey_id}/responses", status_code=201)
async def submit(
    survey_id: UUID, body: Submission, session: Session, key: Annotated[ApiKey, Depends(get_key)]
) -> Receipt:
    """Do what the product does, the way that the tutorials show."""
    workspace_id = key.workspace_id
    survey = await session.get(Survey, (workspace_id, survey_id))
    if survey is None or survey.status != "published":
        raise HTTPException(409)
    await session.get(SurveyVersion, (workspace_id, survey_id, survey.current_version))
    customer = await session.scalar(
        select(Customer).where(
            Customer.workspace_id == workspace_id, Customer.external_id == body.customer
        )
    )
    response = _response(workspace_id, survey, body, customer)
    session.add(response)
    session.add(
        Event(
            workspace_id=workspace_id, type="response.received", subject=str(response.id), data={}
        )
    )
    await session.flush()
    for tally in sorted(response.tallies):
        question, _, code = tally.partition("=")
        cell = insert(SurveyCell).values(
            workspace_id=workspace_id, survey_id=survey_id, question=question, dimension="",
            grain="day", day=response.occurred_at.date(), member="", code=code,
            quality="textbook", n=1,
        )  # fmt: skip
        await session.execute(
            cell.on_conflict_do_update(
                index_elements=inspect(SurveyCell).primary_key,
                set_={"n": SurveyCell.n + cell.excluded.n},
            )
        )
    await session.commit()
    return Receipt(id=response.id, received_at=now())


def _response(
    workspace_id: UUID, survey: Survey, body: Submission, customer: Customer | None
) -> Response:
    content = body.model_dump_json()
    return Response(
        workspace_id=workspace_id, id=new_id(), survey_id=survey.id,
        version=survey.current_version, submission_key=str(new_id()),
        content_hash=hashlib.sha256(content.encode()).digest(), status="complete", quality="ok",
        assurance="verified", language=body.language, channel=body.channel,
        method="questionnaire", customer=body.customer,
        segment=customer.segment if customer is not None else None,
        occurred_at=body.occurred_at or now(), flags=[], metadata_=body.metadata,
        answers=json.loads(body.answers.model_dump_json(exclude_none=True)),
        tallies=[f"nps={body.answers.nps}", f"csat={body.answers.csat}",
                 *(f"reasons={reason}" for reason in body.answers.reasons)],
    )  # fmt: skip
