"""How many shops there may be: opening them, and what a request costs where there are ten or ten thousand.

Every shop keeps its own rows behind the same policy, and a request names its shop in every statement: the indexes
begin with it, so that neighbours cost nothing. The shops are opened as strangers open theirs; those of the crowd
are written by hand, with three people each who are signed in, because hashing their passwords would take an hour.
"""

import random
import time

from benchmarks.ground import BASE_DOMAIN, Ground, Result, rate
from benchmarks.ground import ground as another_ground
from ledger_web.domain.passwords import check_password
from ledger_web.domain.tokens import digest_of, new_token
from ledger_web.identity import SESSION_COOKIE, cookie_value
from ledger_web.services.passwords import hash_password
from ledger_web.services.tenants import OpenShop, new_tenant_id, open_shop
from ledger_web.services.unit_of_work import UnitOfWork

FEW = 10
PEOPLE = 3  # in each shop
ROUNDS = 8
PASSWORD = "correct horse battery staple"  # noqa: S105
PAGES = ("/", "/products/", "/sales/")
_ADDRESS = "http://{slug}." + BASE_DOMAIN + "/"

Visitor = tuple[str, str]  # slug, cookie


def measure_shops(ground: Ground) -> list[Result]:
    """Return `signup.per_s` and `request.shops_10k_vs_10`."""
    opened = 20 if ground.quick else 1_000
    crowd = 300 if ground.quick else 10_000
    result = _sign_up(ground, opened)
    crowd_in(ground, crowd - opened)
    many = _some_of_the_crowd(ground, FEW * ROUNDS)
    with another_ground(seconds=ground.seconds, quick=ground.quick) as quiet:
        _sign_up(quiet, FEW)
        ids = _ids(quiet, FEW)
        few = [_visitor(quiet, tenant_id, f"measured-{number}") for number, tenant_id in enumerate(ids)]
        _fill(quiet, ids)
        quiet.superuser.execute("ANALYZE")
        # In turns, the best of each: whatever else the machine does meanwhile is in neither. Other shops each time.
        turns = [
            (_per_second(ground, many[FEW * turn : FEW * (turn + 1)]), _per_second(quiet, few))
            for turn in range(ROUNDS)
        ]
    with_many, with_few = (max(each) for each in zip(*turns, strict=True))
    return [result, rate("request.shops_10k_vs_10", with_many, with_few)]


def _sign_up(ground: Ground, many: int) -> Result:
    """Open shops through the service that the form calls; beside it the hashing of their passwords alone."""
    check_password(PASSWORD, [])
    with ground.app.app_context():
        began = time.perf_counter()
        for number in range(many):
            command = OpenShop(
                slug=f"measured-{number}",
                name=f"Shop {number}",
                base_currency="AFN",
                owner_login="owner",
                owner_name="Olga Owner",
                owner_password=PASSWORD,
            )
            open_shop(command, UnitOfWork(new_tenant_id()))
        took = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(20):
        hash_password(PASSWORD)
    return rate("signup.per_s", many / took, 20 / (time.perf_counter() - began))


def _ids(ground: Ground, many: int) -> list[int]:
    rows = ground.superuser.execute(
        "SELECT tenant_id FROM tenant_directory WHERE slug = ANY(%s) ORDER BY array_position(%s, slug::text)",
        [[f"measured-{number}" for number in range(many)]] * 2,
    )
    return [row[0] for row in rows]


def _visitor(ground: Ground, tenant_id: int, slug: str) -> Visitor:
    """Sign the owner of a shop in, without the time a password takes."""
    token = new_token()
    ground.superuser.execute(
        "INSERT INTO sessions (tenant_id, id, user_id)"
        " SELECT tenant_id, %s, id FROM users WHERE tenant_id = %s AND login = 'owner'",
        [digest_of(token), tenant_id],
    )
    return slug, f"{SESSION_COOKIE}={cookie_value(tenant_id, token)}"


def _per_second(ground: Ground, visitors: list[Visitor]) -> float:
    """Let one after the other ask for a few pages, in no order, through the whole application."""
    client = ground.app.test_client(use_cookies=False)
    order = random.Random(7)
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < ground.seconds / 2:
        slug, cookie = order.choice(visitors)
        path = order.choice(PAGES)
        answer = client.get(path, base_url=_ADDRESS.format(slug=slug), headers={"Cookie": cookie})
        if answer.status_code != 200:
            raise RuntimeError(f"{slug}{path} answers {answer.status_code}.")
        done += 1
    return done / took


def crowd_in(ground: Ground, many: int, after: int = 0) -> None:
    """Write shops beside the measured ones: address, settings, roles, a drawer, people who are signed in, products.

    Args:
        after: How many of the crowd are there already.
    """
    tenant_ids = [new_tenant_id() for _ in range(many)]
    run = ground.superuser.execute
    run("DROP TABLE IF EXISTS crowd")
    run(
        "CREATE TEMP TABLE crowd AS SELECT id, n + %s AS n FROM unnest(%s::bigint[]) WITH ORDINALITY AS c (id, n)",
        [after, tenant_ids],
    )
    run("INSERT INTO tenant_directory (slug, tenant_id) SELECT 'crowd-' || n || '-shop', id FROM crowd")
    run("INSERT INTO tenants (tenant_id, name, base_currency) SELECT id, 'Crowd ' || n, 'AFN' FROM crowd")
    for role in ("owner", "manager", "cashier"):
        run(
            "INSERT INTO roles (tenant_id, id, name, built_in) SELECT id, gen_random_uuid(), %s, %s FROM crowd",
            [role, role],
        )
    run("INSERT INTO cash_drawers (tenant_id, id, name, series) SELECT id, gen_random_uuid(), 'Till 1', 'A' FROM crowd")
    for number in range(PEOPLE):
        run(
            "INSERT INTO users (tenant_id, id, login, name, password_hash, role_id)"
            " SELECT c.id, gen_random_uuid(), %s, 'Person', '!', r.id"
            "   FROM crowd AS c JOIN roles AS r ON r.tenant_id = c.id AND r.name = %s",
            ["owner" if number == 0 else f"cashier{number}", "owner" if number == 0 else "cashier"],
        )
    run(
        "INSERT INTO sessions (tenant_id, id, user_id)"
        " SELECT u.tenant_id, sha256(u.id::text::bytea), u.id FROM users AS u JOIN crowd AS c ON c.id = u.tenant_id"
    )
    _fill(ground, tenant_ids)
    run("ANALYZE")


def _fill(ground: Ground, tenant_ids: list[int]) -> None:
    """Let each shop have twenty products."""
    ground.superuser.execute(
        "INSERT INTO products (tenant_id, id, name, name_key, unit_price, tax_percent, stock_policy, created_at)"
        " SELECT c.id, gen_random_uuid(), 'Goods ' || g, 'goods ' || g, 100 * g, 0, 'none', now()"
        "   FROM unnest(%s::bigint[]) AS c (id) CROSS JOIN generate_series(1, 20) AS g",
        [tenant_ids],
    )


def _some_of_the_crowd(ground: Ground, many: int) -> list[Visitor]:
    rows = ground.superuser.execute("SELECT id, 'crowd-' || n || '-shop' FROM crowd ORDER BY n LIMIT %s", [many])
    return [_visitor(ground, tenant_id, slug) for tenant_id, slug in rows.fetchall()]
