"""What browsers say they are, made of the forms and versions in common use; nobody's in particular."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

_MOZILLA = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
# Browsers froze the versions of these systems in what they say
_DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
)
_PHONE = "Linux; Android 10; K"
_CHROMIUM = range(120, 142)
_FIREFOX = (115, 128, *range(130, 145))
_MAC_SAFARI = ("16.6", "17.4", "17.6", "18.1", "18.3", "18.5", "26.0")
_IOS = ("16_7", "17_4", "17_6", "18_1", "18_3", "18_5", "18_6")


def _chromium(system: str, device: str = "") -> Iterator[str]:
    for version in _CHROMIUM:
        chrome = f"{_MOZILLA} ({system}) {_WEBKIT} Chrome/{version}.0.0.0{device} Safari/537.36"
        yield chrome
        yield f"{chrome} {'EdgA' if device else 'Edg'}/{version}.0.0.0"


def _firefox() -> Iterator[str]:
    for version in _FIREFOX:
        for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10.15", "X11; Linux x86_64"):
            yield f"{_MOZILLA} ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        yield f"{_MOZILLA} (Android 14; Mobile; rv:{version}.0) Gecko/{version}.0 Firefox/{version}.0"


def _safari() -> Iterator[str]:
    for version in _MAC_SAFARI:
        yield f"{_MOZILLA} ({_DESKTOPS[1]}) {_SAFARI} Version/{version} Safari/605.1.15"
    for system in _IOS:
        version = system.replace("_", ".")
        for device in (
            f"iPhone; CPU iPhone OS {system} like Mac OS X",
            f"iPad; CPU OS {system} like Mac OS X",
        ):
            yield f"{_MOZILLA} ({device}) {_SAFARI} Version/{version} Mobile/15E148 Safari/604.1"


@cache
def list_user_agents() -> tuple[str, ...]:
    """Some hundreds, all different, in a fixed order."""
    found = [agent for system in _DESKTOPS for agent in _chromium(system)]
    return tuple(dict.fromkeys([*found, *_chromium(_PHONE, " Mobile"), *_firefox(), *_safari()]))
