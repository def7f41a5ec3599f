"""Files that cannot be used end a command with their name and what is wrong, not with a traceback."""

import asyncio
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from callboard.app.wiring import AppWiring
from callboard.base.errors import UsageError
from callboard.cli.commands import build_cli
from callboard.simulator.process import serve


@pytest.mark.parametrize("certificate", [("x", "y"), ("", ""), ("-----BEGIN CERTIFICATE-----", "k")])
def test_a_certificate_that_cannot_be_used_is_named(certificate: tuple[str, str], tmp_path: Path) -> None:
    config = tmp_path / "app-config.yaml"
    cert, key = certificate
    config.write_text(
        yaml.safe_dump(
            {
                "catalog": {"locations": []},
                "kubernetes": {
                    "serviceLocatorMethod": {"type": "multiTenant"},
                    "clusterLocatorMethods": [],
                },
                "backend": {"https": {"certificate": {"cert": cert, "key": key}}},
                "callboard": {"dataDirectory": str(tmp_path / "data")},
            }
        )
    )
    result = CliRunner().invoke(build_cli(AppWiring()), ["serve", "--config", str(config), "--port", "0"])
    assert result.exit_code == 3
    assert "backend.https.certificate" in result.output + result.stderr
    assert "report it" not in result.output + result.stderr


async def test_a_kubeconfig_that_cannot_be_written_is_named_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        await serve(stop=asyncio.Event(), kubeconfig=tmp_path / "nowhere" / "kubeconfig")
