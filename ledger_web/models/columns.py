"""Column types that many tables share, named once."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated

from sqlalchemy import CHAR, BigInteger, DateTime, FetchedValue, Numeric
from sqlalchemy.orm import mapped_column

TenantKey = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False)]
Key = Annotated[uuid.UUID, mapped_column(primary_key=True)]
Currency = Annotated[str, mapped_column(CHAR(3))]
Minor = Annotated[int, mapped_column(BigInteger)]  # an amount in minor units of the currency beside it
Quantity = Annotated[Decimal, mapped_column(Numeric(18, 6))]
Percent = Annotated[Decimal, mapped_column(Numeric(6, 3))]
Moment = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
MadeAt = Annotated[dt.datetime, mapped_column(DateTime(timezone=True), server_default=FetchedValue())]
