"""pip install . builds dynode._core with CMake; everything else stands in pyproject.toml.

The engine's own libraries are those of scripts/install-packages python."""
import os
import re
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

root = Path(__file__).parent.resolve()
version = re.search(r'kVersion = "([^"]+)"', (root / "dynode/base/version.h").read_text()).group(1)


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        to = Path(self.get_ext_fullpath(extension.name)).resolve()
        build = Path(os.environ.get("DYNODE_BUILD_DIR", Path(self.build_temp) / "cmake")).resolve()
        build.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cmake", "-S", str(root), "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DDYNODE_UNITY=ON",
                        "-DDYNODE_TESTS=OFF", "-DDYNODE_PYTHON=ON", f"-DPython_EXECUTABLE={sys.executable}"], check=True)
        subprocess.run(["cmake", "--build", str(build), "--target", "dynode_python", "--parallel", str(os.cpu_count() or 1)], check=True)
        built = next((build / "python" / "dynode").glob("_core*"))
        to.parent.mkdir(parents=True, exist_ok=True)
        self.copy_file(str(built), str(to))


setup(version=version, ext_modules=[Extension("dynode._core", [])], cmdclass={"build_ext": CMakeBuild})
