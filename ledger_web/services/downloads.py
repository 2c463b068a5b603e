"""Somebody took a list along as a file: that is written down."""

from dataclasses import dataclass

from ledger_web.services.unit_of_work import UnitOfWork, whole_act


@dataclass(frozen=True, kw_only=True)
class TakeList:
    """A list as a file."""

    name: str  # of the file
    path: str  # what was asked for


@whole_act
def record_download(command: TakeList, uow: UnitOfWork) -> None:
    """Write down who took which list."""
    with uow:
        uow.audit("export.take", after={"file": command.name, "asked": command.path})
