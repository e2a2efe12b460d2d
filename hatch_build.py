"""Put the browser files into every build: wheel, sdist and editable install."""

import importlib.util
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BrowserFilesHook(BuildHookInterface):
    def initialize(self, version, build_data):  # noqa: ARG002
        root = Path(self.root)
        script = root / "tools" / "build_assets.py"
        spec = importlib.util.spec_from_file_location("build_assets", script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.build(root)
