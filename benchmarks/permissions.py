"""What a check costs, and whether a request costs more where many people work.

Rights arrive with the person in the one query that finds shop, session, user and role; a check is a look into a set.
Yardsticks: the same checks with a query each, and pycasbin with the same roles and rights in memory.
"""

import itertools
import time
from collections.abc import Callable, Sequence

import casbin
from sqlalchemy import text

from benchmarks.ground import BASE_DOMAIN, Ground, Result, rate
from ledger_web.domain.ids import new_id
from ledger_web.domain.permissions import ALL, BUILT_IN_ROLES, rights_of
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from ledger_web.models.base import session_of
from tests.shops import Shop, open_a_shop, person

CHECKS = 200  # on a page
ROUNDS = 6
MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""


def measure_permissions(ground: Ground) -> list[Result]:
    """Return `permissions.vs_query_each`, `permissions.vs_pycasbin` and `request.users_10k_vs_1`."""
    with ground.app.app_context():
        shop, crowded = open_a_shop("permissions"), open_a_shop("crowded")
        cashier = person(shop, "cashier")
    asked = list(itertools.islice(itertools.cycle(sorted(ALL)), CHECKS))
    rights = rights_of("cashier", ())
    ours = _per_second(ground.seconds, lambda: [right in rights for right in asked])

    with ground.app.app_context():
        session = session_of(shop.tenant_id)

        def query_each() -> list[bool]:
            return [_has(session, shop, cashier, right) for right in asked]

        theirs = _per_second(ground.seconds, query_each)
        session.rollback()
    enforcer = _enforcer(str(cashier))
    casbins = _per_second(
        ground.seconds, lambda: [enforcer.enforce(str(cashier), *right.split(".")) for right in asked]
    )
    _crowd(ground, crowded, people=500 if ground.quick else 10_000, roles=200)
    # In turns, the best of each: whatever else the machine does meanwhile is in neither.
    turns = [(_requests_per_second(ground, shop), _requests_per_second(ground, crowded)) for _ in range(ROUNDS)]
    few, many = (max(each) for each in zip(*turns, strict=True))
    return [
        rate("permissions.vs_query_each", ours * CHECKS, theirs * CHECKS),
        rate("permissions.vs_pycasbin", ours * CHECKS, casbins * CHECKS),
        rate("request.users_10k_vs_1", many, few),
    ]


def _per_second(seconds: float, act: Callable[[], Sequence[bool]]) -> float:
    act()
    began, times = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        act()
        times += 1
    return times / took


def _has(session: object, shop: Shop, user_id: object, right: str) -> bool:
    found = session.execute(  # type: ignore[attr-defined]
        text(
            """
            SELECT :right = ANY (r.permissions) OR r.built_in IS NOT NULL
              FROM users AS u
              JOIN roles AS r
                ON r.tenant_id = :tenant_id
               AND r.id = u.role_id
             WHERE u.tenant_id = :tenant_id
               AND u.id = :user_id
            """
        ),
        {"tenant_id": shop.tenant_id, "user_id": user_id, "right": right},
    )
    return bool(found.scalar())


def _enforcer(cashier: str) -> casbin.Enforcer:
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    enforcer = casbin.Enforcer(model)
    for role, rights in BUILT_IN_ROLES.items():
        for right in rights:
            enforcer.add_policy(role, *right.split("."))
    enforcer.add_role_for_user(cashier, "cashier")
    return enforcer


def _requests_per_second(ground: Ground, shop: Shop) -> float:
    """Ask for a page that needs to know who asks and nothing else, through the whole application."""
    token = new_token()
    with ground.app.app_context(), shop.act() as uow:
        uow.execute(
            "INSERT INTO sessions (tenant_id, id, user_id) VALUES (%(tenant_id)s, %(id)s, %(user_id)s)",
            {"id": digest_of(token), "user_id": shop.owner_id},
        )
    client = ground.app.test_client(use_cookies=False)
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie_value(shop.tenant_id, token)}"}
    base_url = f"http://{shop.slug}.{BASE_DOMAIN}/"

    def ask() -> list[bool]:
        return [client.get("/sign-in", base_url=base_url, headers=headers).status_code == 303 for _ in range(10)]

    if not all(ask()):
        raise RuntimeError("The person of the measure is not signed in.")
    return 10 * _per_second(ground.seconds / 2, ask)


def _crowd(ground: Ground, shop: Shop, people: int, roles: int) -> None:
    """Let many more work in the shop, in many roles, each signed in."""
    role_ids = [new_id() for _ in range(roles)]
    with ground.app.app_context(), shop.act() as uow:
        uow.execute(
            """
            INSERT INTO roles (tenant_id, id, name, permissions)
            SELECT %(tenant_id)s, each.id, 'role ' || each.number, '{home.view,sale.view,sale.create}'
              FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS each (id, number)
            """,
            {"ids": role_ids},
        )
        uow.execute(
            """
            INSERT INTO users (tenant_id, id, login, name, password_hash, role_id)
            SELECT %(tenant_id)s, each.id, 'login' || each.number, 'Person ' || each.number, '!',
                   (%(roles)s::uuid[])[1 + each.number %% %(many)s]
              FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS each (id, number)
            """,
            {"ids": [new_id() for _ in range(people)], "roles": role_ids, "many": roles},
        )
    # A foreign key goes on reading all people, as it did while there were two, until it hears of the others.
    ground.superuser.execute("ANALYZE users, roles")
    with ground.app.app_context(), shop.act() as uow:
        uow.execute(
            """
            INSERT INTO sessions (tenant_id, id, user_id)
            SELECT %(tenant_id)s, sha256(u.id::text::bytea), u.id FROM users AS u WHERE u.tenant_id = %(tenant_id)s
            """
        )
    ground.superuser.execute("ANALYZE sessions")
