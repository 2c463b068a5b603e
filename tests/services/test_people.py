"""People are invited, changed and shut out; nobody gives what they do not have, and an owner always stays."""

import datetime as dt
import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from ledger_web.domain.errors import (
    BeyondReachError,
    DuplicateLoginError,
    LastOwnerError,
    LinkSpentError,
    NotFoundError,
    OwnRoleError,
    RoleInUseError,
    RuleViolationError,
    StaleEditError,
    WeakPasswordError,
)
from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import LIMITS, limits_of
from ledger_web.domain.tokens import new_token
from ledger_web.queries.people import RoleRow, get_person, list_people, list_roles
from ledger_web.services.addresses import ProveEmail, prove_email
from ledger_web.services.credentials import UseLink, use_link
from ledger_web.services.mailing import ShopsMail
from ledger_web.services.people import (
    AskForLink,
    EditUser,
    EndSessions,
    Invite,
    MakeLink,
    SetActive,
    edit_user,
    end_sessions_of,
    invite,
    make_link,
    make_link_for,
    set_active,
)
from ledger_web.services.roles import CreateRole, DeleteRole, EditRole, create_role, delete_role, edit_role
from ledger_web.services.unit_of_work import UnitOfWork
from ledger_web.services.users import SetEmail, set_email
from tests.at_once import wait_until_somebody_waits
from tests.databases import Database
from tests.services.test_audit import stored
from tests.services.test_users import come_in, is_in
from tests.shops import PASSWORD, Shop, add_user, person

SENTENCE = "a sentence nobody says"
OLGA = ShopsMail(to="olga@example.com", shop=bytes(32), address=bytes([1] * 32))
CLERK = ("home.view", "role.edit", "sale.view", "user.manage")  # of a role that manages people and little else


def role(shop: Shop, name: str) -> RoleRow:
    return next(each for each in list_roles(shop.tenant_id) if each.name == name)


def make_role(shop: Shop, name: str = "clerk", rights: tuple[str, ...] = CLERK) -> uuid.UUID:
    command = CreateRole(id=new_id(), name=name, rights=rights, limits=limits_of(None, {}))
    return create_role(command, shop.act()).id


def clerk(shop: Shop) -> uuid.UUID:
    make_role(shop)
    return add_user(shop, "cleo", "clerk")


def change_of(shop: Shop, user_id: uuid.UUID, **changed: Any) -> EditUser:
    now = get_person(shop.tenant_id, user_id)
    facts: dict[str, Any] = {"login": now.login, "name": now.name, "role_id": now.role_id, "version": now.version}
    return EditUser(op_id=new_id(), user_id=user_id, **facts | changed)


def change_of_role(shop: Shop, of: str, /, **changed: Any) -> EditRole:
    now = role(shop, of)
    facts: dict[str, Any] = {
        "version": now.version,
        "name": now.name,
        "rights": tuple(sorted(now.rights)),
        "limits": dict(now.limits),
    }
    return EditRole(op_id=new_id(), role_id=now.id, **facts | changed)


def invite_ben(shop: Shop, by: uuid.UUID | None = None, role_name: str = "cashier") -> str:
    command = Invite(id=new_id(), login=" Ben", name="Ben", role_id=role(shop, role_name).id)
    return invite(command, shop.act(by)).token or ""


def test_who_is_invited_chooses_a_password_with_a_link_that_works_once(corner: Shop, database: Database) -> None:
    token = invite_ben(corner)
    assert next(each for each in list_people(corner.tenant_id) if each.login == "ben").is_invited

    with pytest.raises(WeakPasswordError):
        use_link(UseLink(token=token, password="password1"), UnitOfWork(corner.tenant_id))
    assert use_link(UseLink(token=token, password=SENTENCE), UnitOfWork(corner.tenant_id)) == "ben"

    assert is_in(corner, come_in(corner, "ben", SENTENCE))
    with pytest.raises(LinkSpentError):
        use_link(UseLink(token=token, password=SENTENCE), UnitOfWork(corner.tenant_id))
    assert token not in str(stored(database))


def test_t7_a_link_opens_nothing_at_another_shop(corner: Shop, rival: Shop) -> None:
    token = invite_ben(corner)

    with pytest.raises(LinkSpentError):
        use_link(UseLink(token=token, password=SENTENCE), UnitOfWork(rival.tenant_id))
    use_link(UseLink(token=token, password=SENTENCE), UnitOfWork(corner.tenant_id))


def test_t7_a_link_proves_an_address_to_whom_it_belongs_once_and_in_time(
    corner: Shop, rival: Shop, database: Database
) -> None:
    owner, cashier = corner.owner_id, person(corner, "cashier")
    set_address = SetEmail(user_id=owner, password=PASSWORD, email=OLGA.to, mail=OLGA)
    token = set_email(set_address, corner.act()).token or ""
    prove = ProveEmail(user_id=owner, token=token, directory=bytes(32))

    for command, act in (
        (replace(prove, user_id=cashier), corner.act(cashier)),
        (replace(prove, user_id=rival.owner_id), rival.act()),
        (prove, rival.act()),
        (replace(prove, token=token[:-1] + "_"), corner.act()),
    ):
        with pytest.raises(LinkSpentError):
            prove_email(command, act)
    assert get_person(corner.tenant_id, owner).email is None
    prove_email(prove, corner.act())
    assert get_person(corner.tenant_id, owner).email == "olga@example.com"
    with pytest.raises(LinkSpentError):
        prove_email(prove, corner.act())
    late = set_email(replace(set_address, email="late@example.com"), corner.act()).token or ""
    with database.connect() as superuser:
        superuser.execute("UPDATE email_links SET expires_at = expires_at - interval '30 minutes'")
    with pytest.raises(LinkSpentError):
        prove_email(replace(prove, token=late), corner.act())
    assert token not in str(stored(database))


def test_a_reset_link_lives_for_half_an_hour_and_a_newer_one_ends_it(corner: Shop, database: Database) -> None:
    cashier, act = person(corner, "cashier"), UnitOfWork(corner.tenant_id)
    signed_in = come_in(corner, "cashier")
    first, second = (make_link(MakeLink(op_id=new_id(), user_id=cashier), corner.act()).token or "" for _ in range(2))
    with pytest.raises(LinkSpentError):
        use_link(UseLink(token=first, password=SENTENCE), act)
    with database.connect() as superuser:
        superuser.execute("UPDATE password_links SET expires_at = expires_at - interval '30 minutes'")
    with pytest.raises(LinkSpentError):
        use_link(UseLink(token=second, password=SENTENCE), act)
    third = make_link(MakeLink(op_id=new_id(), user_id=cashier), corner.act()).token or ""

    assert is_in(corner, signed_in)
    use_link(UseLink(token=third, password=SENTENCE), act)

    assert not is_in(corner, signed_in)


def test_a_form_sent_twice_makes_one_link_and_shows_it_once(corner: Shop) -> None:
    command = MakeLink(op_id=new_id(), user_id=person(corner, "cashier"))

    assert make_link(command, corner.act()).token
    assert make_link(command, corner.act()).token is None


def test_two_who_use_a_link_at_once_set_one_password(app: Flask, corner: Shop) -> None:
    token, barrier, outcomes = invite_ben(corner), threading.Barrier(2), list[str]()

    def use(password: str) -> None:
        with app.app_context():
            barrier.wait()
            try:
                use_link(UseLink(token=token, password=password), UnitOfWork(corner.tenant_id))
                outcomes.append(password)
            except LinkSpentError:
                pass

    threads = [threading.Thread(target=use, args=[f"{SENTENCE} {number}"]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 1
    assert is_in(corner, come_in(corner, "ben", outcomes[0]))


def test_no_link_goes_to_an_address_that_is_left_at_this_moment(app: Flask, corner: Shop) -> None:
    """Whoever reads the mailbox that was given up does not get in by asking just then."""
    left = "UPDATE users SET email = %(email)s, proved_email = %(email)s WHERE tenant_id = %(tenant_id)s"
    with corner.act() as uow:
        uow.execute(left, {"email": None})
        uow.execute(f"{left} AND id = %(id)s", {"email": "old@example.com", "id": corner.owner_id})
    asked: list[object] = []

    def ask() -> None:
        with app.app_context():
            command = AskForLink(who="old@example.com", token=new_token())
            asked.append(make_link_for(command, UnitOfWork(corner.tenant_id)))

    stranger = threading.Thread(target=ask)
    with corner.act() as uow:
        uow.execute(f"{left} AND id = %(id)s", {"email": "new@example.com", "id": corner.owner_id})
        stranger.start()
        wait_until_somebody_waits(uow)
    stranger.join()

    assert asked == [None]


def test_an_address_that_is_only_asked_about_is_not_told_as_changed(corner: Shop, database: Database) -> None:
    ben = add_user(corner, "ben", "cashier")

    edit_user(change_of(corner, ben, email="ben@example.com", mail=replace(OLGA, to="ben@example.com")), corner.act())
    edit_user(change_of(corner, ben, email="ben@example.com"), corner.act())

    told = [(event["action"], event["after"]) for event in stored(database) if event["holder_id"] == ben]
    assert told[-3:] == [
        ("user.edit", {}),
        ("user.ask_email", {"email": "ben@example.com"}),
        ("user.edit", {"email": "ben@example.com"}),
    ]


def test_a_login_is_given_once(corner: Shop) -> None:
    invite_ben(corner)

    with pytest.raises(DuplicateLoginError):
        invite_ben(corner)


def test_nobody_gives_or_touches_rights_they_do_not_have(corner: Shop) -> None:
    cleo, manager, owner = clerk(corner), person(corner, "manager"), corner.owner_id
    act = corner.act(cleo)

    for attempt in (
        lambda: invite_ben(corner, cleo, "owner"),
        lambda: invite_ben(corner, cleo, "cashier"),  # sells, which cleo may not
        lambda: make_link(MakeLink(op_id=new_id(), user_id=owner), act),
        lambda: make_link(MakeLink(op_id=new_id(), user_id=manager), act),
        lambda: set_active(SetActive(op_id=new_id(), user_id=owner, active=False), act),
        lambda: end_sessions_of(EndSessions(op_id=new_id(), user_id=owner), act),
        lambda: edit_user(change_of(corner, manager, name="Mallory"), act),
        lambda: create_role(
            CreateRole(id=new_id(), name="more", rights=("sale.create",), limits=limits_of(None, {})), act
        ),
        lambda: create_role(
            CreateRole(id=new_id(), name="wider", rights=CLERK, limits=dict.fromkeys(LIMITS)), act
        ),
        lambda: edit_role(change_of_role(corner, "manager", limits=dict(role(corner, "cashier").limits)), act),
    ):  # fmt: skip
        with pytest.raises(BeyondReachError):
            attempt()

    assert invite_ben(corner, cleo, "clerk")


def test_nobody_changes_their_own_role_or_the_one_they_have(corner: Shop) -> None:
    cleo = clerk(corner)
    lesser = make_role(corner, "lesser", ("home.view",))

    with pytest.raises(OwnRoleError):
        edit_user(change_of(corner, cleo, role_id=lesser), corner.act(cleo))
    with pytest.raises(OwnRoleError):
        edit_role(change_of_role(corner, "clerk", rights=("home.view",)), corner.act(cleo))
    with pytest.raises(OwnRoleError):
        set_active(SetActive(op_id=new_id(), user_id=corner.owner_id, active=False), corner.act())
    edit_user(change_of(corner, cleo, name="Cleopatra"), corner.act(cleo))


def test_the_last_owner_stays_and_another_may_go(corner: Shop) -> None:
    cashier, server = role(corner, "cashier").id, UnitOfWork(corner.tenant_id)
    with pytest.raises(LastOwnerError):
        edit_user(change_of(corner, corner.owner_id, role_id=cashier), server)
    with pytest.raises(LastOwnerError):
        set_active(SetActive(op_id=new_id(), user_id=corner.owner_id, active=False), server)

    second = add_user(corner, "olaf", "owner")
    edit_user(change_of(corner, corner.owner_id, role_id=cashier), corner.act(second))

    with pytest.raises(LastOwnerError):
        set_active(SetActive(op_id=new_id(), user_id=second, active=False), server)
    away = add_user(corner, "oskar", "owner")
    set_active(SetActive(op_id=new_id(), user_id=away, active=False), server)
    with pytest.raises(LastOwnerError):  # one who may not come in is none
        set_active(SetActive(op_id=new_id(), user_id=second, active=False), server)


def test_two_owners_who_demote_each_other_at_once_leave_one(app: Flask, corner: Shop) -> None:
    second, cashier = add_user(corner, "olaf", "owner"), role(corner, "cashier").id
    barrier, refused = threading.Barrier(2), list[type[Exception]]()
    commands = {
        corner.owner_id: change_of(corner, second, role_id=cashier),
        second: change_of(corner, corner.owner_id, role_id=cashier),
    }

    def demote(by: uuid.UUID, command: EditUser) -> None:
        with app.app_context():
            barrier.wait()
            try:
                edit_user(command, corner.act(by))
            except RuleViolationError as error:
                refused.append(type(error))

    threads = [threading.Thread(target=demote, args=pair) for pair in commands.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert refused == [BeyondReachError]  # whoever came second is an owner no more
    assert [each.role_name for each in list_people(corner.tenant_id)].count("owner") == 1


def test_s2_ending_access_ends_what_is_open_and_giving_it_back_opens_nothing_old(corner: Shop) -> None:
    cashier = person(corner, "cashier")
    signed_in = come_in(corner, "cashier")

    set_active(SetActive(op_id=new_id(), user_id=cashier, active=False), corner.act())
    assert not is_in(corner, signed_in)
    set_active(SetActive(op_id=new_id(), user_id=cashier, active=True), corner.act())

    assert not is_in(corner, signed_in)
    assert is_in(corner, come_in(corner, "cashier"))


def test_s1_s2_another_role_begins_with_a_new_session(corner: Shop) -> None:
    cashier = person(corner, "cashier")
    signed_in = come_in(corner, "cashier")

    edit_user(change_of(corner, cashier, role_id=role(corner, "manager").id), corner.act())

    assert not is_in(corner, signed_in)


def test_whoever_saves_second_is_told_and_overwrites_nothing(corner: Shop) -> None:
    cashier = person(corner, "cashier")
    make_role(corner)
    first, second = (change_of(corner, cashier, name=name) for name in ("Ada", "Bea"))
    edit_user(first, corner.act())
    with pytest.raises(StaleEditError):
        edit_user(second, corner.act())
    one, two = (change_of_role(corner, "clerk", name=name) for name in ("One", "Two"))
    edit_role(one, corner.act())
    with pytest.raises(StaleEditError):
        edit_role(two, corner.act())

    assert get_person(corner.tenant_id, cashier).name == "Ada"
    assert edit_user(first, corner.act()).replayed


def test_a_role_somebody_has_is_not_deleted_and_says_who(corner: Shop) -> None:
    cleo, clerks = clerk(corner), role(corner, "clerk").id

    with pytest.raises(RoleInUseError, match=r"^Cleo Smith has this role\."):
        delete_role(DeleteRole(op_id=new_id(), role_id=clerks), corner.act())
    edit_user(change_of(corner, cleo, role_id=role(corner, "cashier").id), corner.act())
    delete_role(DeleteRole(op_id=new_id(), role_id=clerks), corner.act())

    assert "clerk" not in {each.name for each in list_roles(corner.tenant_id)}


def test_built_in_roles_keep_their_rights_and_take_other_limits(corner: Shop, database: Database) -> None:
    limits = dict(role(corner, "cashier").limits) | {"sale.discount": None}
    edit_role(change_of_role(corner, "cashier", rights=("home.view",), name="Nobody", limits=limits), corner.act())

    changed = role(corner, "cashier")
    assert changed.limits["sale.discount"] is None
    assert "sale.create" in changed.rights
    assert stored(database)[-1]["after"]["limits"]["sale.discount"] is None
    for name in ("owner", "manager"):
        with pytest.raises(RuleViolationError):
            delete_role(DeleteRole(op_id=new_id(), role_id=role(corner, name).id), corner.act())
    with pytest.raises(RuleViolationError):
        edit_role(change_of_role(corner, "owner"), corner.act())


def test_a_role_takes_only_rights_that_exist_and_a_name_that_is_free(corner: Shop) -> None:
    command = CreateRole(id=new_id(), name="clerk", rights=CLERK, limits=limits_of(None, {}))
    for wrong in (
        replace(command, rights=("sale.everything",)),
        replace(command, limits={}),
        replace(command, name="manager"),
    ):
        with pytest.raises(RuleViolationError):
            create_role(wrong, corner.act())


def test_nobody_of_another_shop_is_in_reach(corner: Shop, rival: Shop) -> None:
    spy, foreign_role = add_user(rival, "spy", "cashier"), role(rival, "cashier").id

    with pytest.raises(NotFoundError):
        set_active(SetActive(op_id=new_id(), user_id=spy, active=False), corner.act())
    with pytest.raises(NotFoundError):
        invite(Invite(id=new_id(), login="x", name="X", role_id=foreign_role), corner.act())
    with pytest.raises(NotFoundError):
        make_link(MakeLink(op_id=new_id(), user_id=spy), corner.act())


def test_a3_what_was_done_to_people_is_told_without_a_secret(corner: Shop, database: Database) -> None:
    cashier = person(corner, "cashier")
    token = invite_ben(corner)
    use_link(UseLink(token=token, password=SENTENCE), UnitOfWork(corner.tenant_id))
    edit_user(change_of(corner, cashier, name="Ada"), corner.act())
    set_active(SetActive(op_id=new_id(), user_id=cashier, active=False), corner.act())

    events = stored(database)
    told = [event["action"] for event in events]
    assert told[-4:] == ["user.invite", "user.use_link", "user.edit", "user.disable"]
    assert events[-2]["before"] == {"name": "Cashier Smith"}
    assert events[-2]["after"] == {"name": "Ada"}
    for secret in (token, SENTENCE, PASSWORD, "argon2"):
        assert secret not in str(events)
    assert all(event["happened_at"] <= dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1) for event in events)
