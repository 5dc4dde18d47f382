#!/usr/bin/env bash
# Installs the library of a build folder into a temporary prefix, then builds and runs the program of this folder
# against it with find_package(dynode), as a user would.
#
#   tests/install/check.sh build/release        CXX, CXXFLAGS: those of the build
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$1" --prefix "$scratch/prefix" --component library >"$scratch/log" || { cat "$scratch/log"; exit 1; }
cmake -S "$here" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_PREFIX_PATH="$scratch/prefix"
cmake --build "$scratch/build"
"$scratch/build/user"
