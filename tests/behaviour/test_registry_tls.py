"""Registries that speak TLS, and those that should. Texts of Engine 28.5.2 for the same certificates."""

import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from fake_registry.auth import Bearer
from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.registries import a_registry
from tests.behaviour.test_pull import USERS, lines, login, pull
from tests.behaviour.test_push import push

UNKNOWN_AUTHORITY = (
    "tls: failed to verify certificate: x509: certificate signed by unknown authority"
)
AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes()


def serving(certificate: trustme.LeafCert, clients: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def far(monkeypatch: pytest.MonkeyPatch, certs: Path) -> AsyncIterator[Client]:
    """Asks a daemon to which this host's registries are as any others: loopback is no exception."""
    monkeypatch.setattr("daemon.engine.registries.LOOPBACK", ())
    async with MockDaemon(certs_dir=str(certs)) as mock:
        client = Client(mock.socket_path)
        yield client
        await client.session.close()


def trust(certs: Path, host: str, **files: bytes) -> None:
    """`ca_crt` becomes `ca.crt`."""
    (certs / host).mkdir()
    for name, data in files.items():
        (certs / host / name.replace("_", ".")).write_bytes(data)


async def pull_and_push(docker: Client, host: str, **headers: str) -> None:
    name = f"{host}/library/hello-world"
    assert lines(await pull(docker, name, **headers))[-1]["status"].startswith("Status: Downloaded")
    await docker.post(f"/images/{name}/tag?repo={host}/me/app&tag=v1")
    assert "aux" in (await push(docker, f"{host}/me/app", "v1", **headers))[-1]
    described = await docker.ask("GET", f"/distribution/{host}/me/app:v1/json", **headers)
    assert described.status == 200


async def test_on_this_host_any_certificate_will_do(docker: Client) -> None:
    async with a_registry(tls=serving(AUTHORITY.issue_cert("other.test"))) as host:
        await pull_and_push(docker, host)


async def test_elsewhere_its_authority_must_be_known(far: Client, certs: Path) -> None:
    async with a_registry(tls=serving(AUTHORITY.issue_cert("127.0.0.1"))) as host:
        refusal = (500, f'Get "https://{host}/v2/": {UNKNOWN_AUTHORITY}')
        assert (await pull(far, f"{host}/library/hello-world")).refusal == refusal
        assert (await far.get(f"/distribution/{host}/library/alpine/json")).refusal == refusal
        account = {"username": "u", "password": "p", "serveraddress": host}
        assert (await far.post("/auth", account)).refusal == refusal
        trust(certs, host, ca_crt=PEM)
        await pull_and_push(far, host)


async def test_tokens_are_fetched_with_the_same_trust(far: Client, certs: Path) -> None:
    tls = serving(AUTHORITY.issue_cert("127.0.0.1"))
    async with a_registry(tls=tls, authorizer=Bearer(USERS, lambda: 0.0)) as host:
        trust(certs, host, ca_crt=PEM)
        await pull_and_push(far, host, **login("u", "secret"))


async def test_an_insecure_registry_needs_no_known_authority(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("daemon.engine.registries.LOOPBACK", ())
    async with a_registry(tls=serving(AUTHORITY.issue_cert("127.0.0.1"))) as host:
        async with MockDaemon(insecure_registries=[host]) as mock:
            client = Client(mock.socket_path)
            try:
                await pull_and_push(client, host)
            finally:
                await client.session.close()


@pytest.mark.parametrize(
    ("issue", "fault"),
    [
        (
            lambda: AUTHORITY.issue_cert("other.test"),
            "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
        ),
        (
            lambda: AUTHORITY.issue_cert("10.1.1.1", "10.1.1.2"),
            "x509: certificate is valid for 10.1.1.1, 10.1.1.2, not 127.0.0.1",
        ),
        (
            lambda: trustme.CA().issue_cert("127.0.0.1"),
            "x509: certificate signed by unknown authority",
        ),
    ],
)
async def test_a_certificate_may_be_somebody_elses(
    far: Client, certs: Path, issue: Callable[[], trustme.LeafCert], fault: str
) -> None:
    async with a_registry(tls=serving(issue())) as host:
        trust(certs, host, ca_crt=PEM)
        assert (await pull(far, f"{host}/library/hello-world")).refusal == (
            500,
            f'Get "https://{host}/v2/": tls: failed to verify certificate: {fault}',
        )


@pytest.mark.parametrize(
    ("years", "relation", "limit"), [((2020, 2021), "after", 2021), ((2999, 3000), "before", 2999)]
)
async def test_a_certificate_may_be_too_old_or_too_new(
    far: Client, certs: Path, years: tuple[int, int], relation: str, limit: int
) -> None:
    begin, end = (datetime(year, 1, 1, tzinfo=UTC) for year in years)
    leaf = AUTHORITY.issue_cert("127.0.0.1", not_before=begin, not_after=end)
    async with a_registry(tls=serving(leaf)) as host:
        trust(certs, host, ca_crt=PEM)
        status, text = (await pull(far, f"{host}/library/hello-world")).refusal
    assert status == 500
    assert text.startswith(
        f'Get "https://{host}/v2/": tls: failed to verify certificate: '
        "x509: certificate has expired or is not yet valid: current time "
    )
    assert text.endswith(f" is {relation} {limit}-01-01T00:00:00Z")


async def test_plain_http_is_not_tried_elsewhere(far: Client) -> None:
    async with a_registry() as host:
        assert (await pull(far, f"{host}/library/hello-world")).refusal == (
            500,
            f'Get "https://{host}/v2/": http: server gave HTTP response to HTTPS client',
        )


async def test_a_registry_may_want_to_know_who_asks(far: Client, certs: Path) -> None:
    me = AUTHORITY.issue_cert("me@example.test")
    identity = {
        "client_cert": me.cert_chain_pems[0].bytes(),
        "client_key": me.private_key_pem.bytes(),
    }
    async with a_registry(tls=serving(AUTHORITY.issue_cert("127.0.0.1"), AUTHORITY)) as host:
        trust(certs, host, ca_crt=PEM, **identity)
        await pull_and_push(far, host)


@pytest.mark.parametrize(
    ("files", "refusal"),
    [
        (
            {"client_cert": b"x"},
            (
                400,
                "missing key client.key for client certificate client.cert. "
                "CA certificates must use the extension .crt",
            ),
        ),
        ({"client_key": b"x"}, (400, "missing client certificate client.cert for key client.key")),
        (
            {"client_cert": b"x", "client_key": b"y"},
            (500, "tls: failed to find any PEM data in certificate input"),
        ),
    ],
)
async def test_half_an_identity_is_refused(
    far: Client, certs: Path, files: dict[str, bytes], refusal: tuple[int, str]
) -> None:
    trust(certs, "registry.test", **files)
    assert (await pull(far, "registry.test/app")).refusal == refusal
    account = {"username": "u", "password": "p", "serveraddress": "registry.test"}
    assert (await far.post("/auth", account)).refusal == (400, refusal[1])


async def test_a_file_without_a_certificate_makes_nobody_trusted(far: Client, certs: Path) -> None:
    async with a_registry(tls=serving(AUTHORITY.issue_cert("127.0.0.1"))) as host:
        trust(certs, host, ca_crt=b"x")
        answer = await pull(far, f"{host}/library/hello-world")
        assert answer.refusal == (500, f'Get "https://{host}/v2/": {UNKNOWN_AUTHORITY}')
