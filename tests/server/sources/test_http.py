"""What httpx cannot read in an environment is what we say it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import certifi
import httpx
import pytest

from basketgex_server.sources.http import EnvironmentUnreadable, environment_fault

PROXY = "http://proxy.example:3128"
FINE: list[dict[str, str]] = [
    {},
    {"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost,127.0.0.1,::1,.example.com,10.0.0.0/8, ,"},
    {"ALL_PROXY": "proxy.example:3128"},
    {"all_proxy": "socks5://127.0.0.1:1080"},
    {"ALL_PROXY": "socks5h://user:pass@127.0.0.1"},
    {"HTTPS_PROXY": PROXY, "no_proxy": "https://x.example,*.y.example,h.example:8080"},
    {"ALL_PROXY": "socks4://h:1", "NO_PROXY": "*"},
    {"SSL_CERT_FILE": certifi.where()},
    {"SSL_CERT_DIR": str(Path(certifi.where()).parent)},
    {"SSL_CERT_FILE": "", "HTTPS_PROXY": "", "NO_PROXY": ""},
    {"https_proxy": PROXY, "HTTPS_PROXY": "socks4://h:1"},  # the lower case wins
]
NO_ADDRESS = "is no address of a proxy, such as http://proxy.example:3128: correct or unset it"
BROKEN: list[tuple[dict[str, str], str]] = [
    ({"ALL_PROXY": "socks4://127.0.0.1:1080"}, f"ALL_PROXY {NO_ADDRESS}"),
    ({"ALL_PROXY": "socks://127.0.0.1:1080"}, f"ALL_PROXY {NO_ADDRESS}"),
    ({"https_proxy": "ftp://x"}, f"https_proxy {NO_ADDRESS}"),
    ({"HTTPS_PROXY": "http://[::1"}, f"HTTPS_PROXY {NO_ADDRESS}"),
    ({"HTTP_PROXY": "http://h:port"}, f"HTTP_PROXY {NO_ADDRESS}"),
    ({"NO_PROXY": "[::1]"}, 'NO_PROXY has "[::1]", which cannot be read: write ::1 without brackets'),
    (
        {"HTTPS_PROXY": PROXY, "no_proxy": "localhost, [fe80::1],.x"},
        'no_proxy has "[fe80::1]", which cannot be read: write fe80::1 without brackets',
    ),
    ({"NO_PROXY": "[::1]:80"}, 'NO_PROXY has "[::1]:80", which cannot be read: correct or remove it'),
    ({"NO_PROXY": "fe80::/10"}, 'NO_PROXY has "fe80::/10", which cannot be read: correct or remove it'),
    (
        {"SSL_CERT_FILE": "/nowhere/at-all.pem"},
        "SSL_CERT_FILE names no file of certificates that can be read: correct or unset it",
    ),
    (
        {"SSL_CERT_FILE": __file__},
        "SSL_CERT_FILE names no file of certificates that can be read: correct or unset it",
    ),
    (
        {"SSL_CERT_FILE": str(Path(__file__).parent)},
        "SSL_CERT_FILE names no file of certificates that can be read: correct or unset it",
    ),
]
# What httpx takes, and then fails at with every call.
LATER: list[tuple[dict[str, str], str]] = [
    ({"ALL_PROXY": "http://h:99999"}, f"ALL_PROXY {NO_ADDRESS}"),
    ({"ALL_PROXY": "http://"}, f"ALL_PROXY {NO_ADDRESS}"),
    (
        {"SSL_CERT_DIR": "/nowhere-at-all"},
        "SSL_CERT_DIR names no folder of certificates that can be read: correct or unset it",
    ),
]


def client_in(environment: dict[str, str]) -> bool:
    """Tell whether httpx makes a client in an environment, in a process of its own."""
    program = "import httpx; httpx.AsyncClient()"
    kept = {
        k: v for k, v in os.environ.items() if not k.upper().endswith("_PROXY") and not k.startswith("SSL_")
    }
    done = subprocess.run(
        (sys.executable, "-c", program), env=kept | environment, capture_output=True, timeout=60, check=False
    )
    return done.returncode == 0


@pytest.mark.parametrize("environment", FINE, ids=str)
def test_an_environment_without_a_fault(environment: dict[str, str]) -> None:
    assert environment_fault(environment) == ""
    assert client_in(environment)


@pytest.mark.parametrize(("environment", "fault"), BROKEN, ids=str)
def test_what_httpx_cannot_read_is_named(environment: dict[str, str], fault: str) -> None:
    assert environment_fault(environment) == fault
    assert not client_in(environment)


@pytest.mark.parametrize(("environment", "fault"), LATER, ids=str)
def test_what_would_fail_with_every_call_is_named(environment: dict[str, str], fault: str) -> None:
    assert environment_fault(environment) == fault


def test_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # type: ignore[arg-type]
    secret = "socks5://me:pass-word@127.0.0.1:1080"
    assert environment_fault({"ALL_PROXY": secret}) == (
        "ALL_PROXY is a SOCKS proxy, for which a package is missing: install it with pip install 'httpx[socks]' into "
        "basketgex's Python, or unset it"
    )
    with pytest.raises(ImportError):
        httpx.AsyncClient(proxy=secret)


def test_the_sentence_shows_no_password() -> None:
    fault = environment_fault({"ALL_PROXY": "socks4://me:pass-word@127.0.0.1:1080"})
    assert "pass-word" not in EnvironmentUnreadable(fault).sentence
    assert EnvironmentUnreadable(fault).uncharged
