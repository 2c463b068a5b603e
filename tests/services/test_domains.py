"""Who has a domain, and when it leads to a shop."""

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    DomainTakenError,
    InvalidDomainError,
    NotFoundError,
    RuleViolationError,
    TooManyAttemptsError,
)
from ledger_web.domain.hosts import PROOF, proof_at
from ledger_web.domain.ids import new_id
from ledger_web.name_servers import NamesUnknownError, texts_at
from ledger_web.queries.domains import DomainRow, get_domain, list_domains
from ledger_web.queries.tenants import find_tenant_at
from ledger_web.services.domains import (
    CHECKS_MAX,
    CLAIMS_MAX,
    FAILING,
    LOST,
    MISSING,
    PROVED,
    AskNames,
    ClaimDomain,
    ProveDomain,
    ReleaseDomain,
    claim_domain,
    may_ask_names,
    prove_domain,
    release_domain,
)
from ledger_web.services.shop_archives import purge_shop
from ledger_web.services.shop_lifecycle import DeleteShop, delete_shop
from tests.databases import Database
from tests.name_server import SILENT, let_names_say
from tests.services.test_users import come_in, is_in
from tests.shops import Shop

HOST = "www.bazaar.example"


@pytest.fixture(autouse=True)
def _no_names() -> Iterator[None]:
    yield
    let_names_say(proof_at(HOST))


def claim(shop: Shop, host: str = HOST) -> DomainRow:
    command = ClaimDomain(id=new_id(), host=host, base_domain="shop.localhost")
    return get_domain(shop.tenant_id, claim_domain(command, shop.act()).id)


def prove(shop: Shop, claimed: DomainRow) -> str:
    found = texts_at(proof_at(claimed.host))
    return prove_domain(ProveDomain(claim_id=claimed.id, found=found), shop.act())


def own(shop: Shop, host: str = HOST) -> DomainRow:
    """Let a shop claim and prove a domain, whose DNS says nothing else."""
    claimed = claim(shop, host)
    let_names_say(proof_at(host), PROOF + claimed.token)
    assert prove(shop, claimed) == PROVED
    return claimed


def leads_to(host: str = HOST) -> int | None:
    found = find_tenant_at(host)
    return found.tenant_id if found else None


def test_a_domain_leads_to_a_shop_when_its_dns_says_so_and_not_before(corner: Shop) -> None:
    claimed = claim(corner)
    assert (prove(corner, claimed), leads_to()) == (MISSING, None)

    let_names_say(proof_at(HOST), "v=spf1 -all", PROOF + "something else", PROOF + claimed.token)

    assert (prove(corner, claimed), leads_to()) == (PROVED, corner.tenant_id)
    assert prove(corner, claimed) == PROVED


def test_the_proof_of_one_shop_proves_nothing_for_another(corner: Shop, rival: Shop) -> None:
    ours, theirs = claim(corner), claim(rival)  # T10: that somebody claimed it already is not said
    let_names_say(proof_at(HOST), PROOF + ours.token)

    assert prove(rival, theirs) == MISSING
    with pytest.raises(NotFoundError):
        prove(rival, ours)
    assert (prove(corner, ours), leads_to()) == (PROVED, corner.tenant_id)
    assert prove(rival, theirs) == MISSING


def test_a_domain_changes_hands_only_when_its_dns_changed_hands(corner: Shop, rival: Shop) -> None:
    ours, theirs = own(corner), claim(rival)

    let_names_say(proof_at(HOST), PROOF + ours.token, PROOF + theirs.token)
    with pytest.raises(DomainTakenError):
        prove(rival, theirs)
    assert leads_to() == corner.tenant_id
    let_names_say(proof_at(HOST), PROOF + theirs.token)
    assert (prove(rival, theirs), leads_to()) == (PROVED, rival.tenant_id)
    assert prove(corner, ours) == LOST
    assert [each.is_ours for each in list_domains(corner.tenant_id)] == [False]
    assert leads_to() == rival.tenant_id


def test_a_shop_that_was_erased_leaves_no_domain_behind(corner: Shop, rival: Shop, database: Database) -> None:
    own(corner)
    own(rival, "www.rival.example")
    delete_shop(DeleteShop(), corner.act())

    erased = purge_shop(database.access.owner, corner.tenant_id, at_once=True)

    assert erased["domain_directory"] == 1
    assert (leads_to(), leads_to("www.rival.example")) == (None, rival.tenant_id)


def test_a_domain_that_was_given_up_needs_a_fresh_proof(corner: Shop, rival: Shop) -> None:
    before = own(corner)
    release_domain(ReleaseDomain(op_id=new_id(), claim_id=before.id), corner.act())
    assert (leads_to(), list_domains(corner.tenant_id)) == (None, [])

    again, theirs = claim(corner), claim(rival)  # the old record still stands in the DNS

    assert [prove(corner, again), prove(rival, theirs)] == [MISSING, MISSING]
    assert leads_to() is None


def test_one_wrong_answer_takes_nothing_away_and_three_days_of_them_do(corner: Shop, database: Database) -> None:
    claimed, signed_in = own(corner), come_in(corner)
    let_names_say(proof_at(HOST))

    assert (prove(corner, claimed), leads_to()) == (FAILING, corner.tenant_id)
    with database.connect() as superuser:
        superuser.execute("UPDATE domain_claims SET failing_since = failing_since - interval '3 days'")
    assert is_in(corner, signed_in)
    assert (prove(corner, claimed), leads_to()) == (LOST, None)
    assert not is_in(corner, signed_in)  # cookies of that host go to whoever has it now
    let_names_say(proof_at(HOST), PROOF + claimed.token)
    assert (prove(corner, claimed), leads_to()) == (PROVED, corner.tenant_id)
    assert list_domains(corner.tenant_id)[0].failing_since is None


def test_no_answer_is_neither_a_yes_nor_a_no(app: Flask, corner: Shop) -> None:
    own(corner)
    let_names_say(proof_at(HOST), *SILENT)

    with pytest.raises(NamesUnknownError):
        texts_at(proof_at(HOST))
    result = app.test_cli_runner().invoke(args=["tenants", "domain", "check"])

    assert (result.exit_code, leads_to()) == (1, corner.tenant_id)
    assert list_domains(corner.tenant_id)[0].failing_since is None


def test_a_claim_is_forgotten_after_a_week(corner: Shop, database: Database) -> None:
    claimed = claim(corner)
    let_names_say(proof_at(HOST), PROOF + claimed.token)
    with database.connect() as superuser:
        superuser.execute("UPDATE domain_claims SET claimed_at = claimed_at - interval '7 days'")

    with pytest.raises(NotFoundError):
        prove(corner, claimed)
    assert list_domains(corner.tenant_id) == []
    assert claim(corner).token != claimed.token


def test_a_shop_claims_a_few_domains_each_once_and_none_of_ours(corner: Shop) -> None:
    for n in range(CLAIMS_MAX):
        claim(corner, f"www{n}.bazaar.example")

    with pytest.raises(RuleViolationError, match="at most 5"):
        claim(corner)
    with pytest.raises(RuleViolationError, match="already"):
        claim(corner, "WWW1.bazaar.example")
    for ours in ("shop.localhost", "rival.shop.localhost", "192.0.2.1"):
        with pytest.raises(InvalidDomainError):
            claim(corner, ours)


def test_asking_the_dns_is_throttled(corner: Shop) -> None:
    asked = AskNames(uuid.UUID(int=1))
    for _ in range(CHECKS_MAX):
        may_ask_names(asked, corner.act())

    with pytest.raises(TooManyAttemptsError):
        may_ask_names(asked, corner.act())


def test_the_domain_of_a_deleted_shop_leads_nowhere(corner: Shop) -> None:
    own(corner)
    delete_shop(DeleteShop(), corner.act())

    assert leads_to() is None


def test_the_commands_add_prove_check_and_remove(app: Flask, corner: Shop) -> None:
    run = app.test_cli_runner().invoke
    added = run(args=["tenants", "domain", "add", "corner", HOST])
    assert added.exit_code == 0, added.output
    name, _, said = added.output.splitlines()[0].split("\t")
    assert added.output.splitlines()[1].split("\t") == [HOST, "CNAME", "corner.shop.localhost"]

    assert run(args=["tenants", "domain", "verify", "corner", HOST]).exit_code == 1
    let_names_say(name, said)
    assert run(args=["tenants", "domain", "verify", "corner", HOST]).output == f"{HOST}: proved\n"
    assert run(args=["tenants", "domain", "check"]).output == f"{HOST}\tproved\n"
    assert leads_to() == corner.tenant_id
    let_names_say(name)
    assert run(args=["tenants", "domain", "check"]).exit_code == 1
    assert run(args=["tenants", "domain", "remove", "corner", HOST]).exit_code == 0
    assert leads_to() is None
    assert run(args=["tenants", "domain", "remove", "corner", HOST]).exit_code == 1
