#!/usr/bin/env python3
"""Records anew what kubectl makes of odd kubeconfigs: tools/record_kubeconfigs.py [KUBECTL]. It takes a minute.

Run it from the root of the checkout, with .venv/bin/python and a kubectl of 1.32 or newer.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.kubeconfig_probe import probing, what_kubectl_says  # noqa: E402
from support.odd_kubeconfigs import CASES  # noqa: E402


async def recorded(kubectl: Path) -> dict[str, object]:
    """For each case what came of it, without kubectl's words: they name ports and paths."""
    found: dict[str, object] = {}
    async with probing() as probe:
        for name, case in CASES.items():
            with TemporaryDirectory() as directory:
                said = await what_kubectl_says(kubectl, probe, Path(directory), name, case)
            words = said.pop("words").strip()
            if said["reached"] is None:
                sys.stderr.write(f"{name}: {words[-200:]}\n")
            found[name] = said
    return found


if __name__ == "__main__":
    result = asyncio.run(recorded(Path(sys.argv[1] if len(sys.argv) > 1 else "kubectl")))
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in result.items())
    (ROOT / "tests/kube/recorded/odd_kubeconfigs.json").write_text("{\n" + text + "\n}\n")
