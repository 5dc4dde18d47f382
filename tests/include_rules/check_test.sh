#!/usr/bin/env bash
# The judge of the include rules: a tree that keeps them passes, each kind of offence is caught.
set -euo pipefail
check=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/check.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

fresh() {   # a small tree that keeps the rules
  rm -rf "$tree/dynode"
  mkdir -p "$tree"/dynode/{base,kernels,sources,cells,spec,plan,run,learn,models,cli,data}
  echo '#include <vector>'                  >"$tree/dynode/base/error.h"
  echo '#include "dynode/base/error.h"'     >"$tree/dynode/kernels/dense.h"
  printf '#include "dynode/kernels/dense.h"\n#include <hwy/foreach_target.h>\n' >"$tree/dynode/cells/tanh.cc"
  printf '#include <yaml.h>\n'              >"$tree/dynode/spec/yaml.cc"
  printf '#include "dynode/learn/trainer.h"\n#include <CLI/CLI.hpp>\n' >"$tree/dynode/cli/main.cc"
  echo '#include "dynode/run/forward.h"'    >"$tree/dynode/cells/tanh_test.cc"
  echo '#include "dynode/models/model.h"'   >"$tree/dynode/dynode.h"
}
add()   {   # file, line
  mkdir -p "$(dirname "$tree/$1")"
  printf '%s\n' "$2" >>"$tree/$1"
}

expect_kept() {
  if ! "$check" "$tree" >"$tree/out"; then echo "should be kept: $1"; cat "$tree/out"; failed=1; fi
}
expect_caught() {   # file, line, what the message must say
  fresh; add "$1" "$2"
  if "$check" "$tree" >"$tree/out"; then
    echo "not caught: $2 in $1"; failed=1
  elif ! grep -qF -- "$3" "$tree/out"; then
    echo "caught for another reason: $2 in $1, wanted '$3', got:"; cat "$tree/out"; failed=1
  fi
}

fresh; expect_kept "the good tree"
fresh; add dynode/run/forward.cc '// #include "dynode/spec/net.h"'; expect_kept "an include in a comment"
fresh; add dynode/data/table.bin 'bytes';                           expect_kept "a folder without sources"

expect_caught dynode/cells/tanh.cc    '#include "dynode/plan/plan.h"'      'tanh.cc:3: cells may not include plan'
expect_caught dynode/run/forward.cc   '#include "dynode/spec/net.h"'       'run may not include spec'
expect_caught dynode/run/forward.cc   '  #  include "dynode/learn/loss.h"' 'run may not include learn'
expect_caught dynode/plan/compile.cc  '#include "dynode/run/forward.h"'    'plan may not include run'
expect_caught dynode/learn/trainer.cc '#include "dynode/kernels/dense.h"'  'learn may not include kernels'
expect_caught dynode/models/model.cc  '#include "dynode/cli/main.h"'       'models may not include cli'
expect_caught dynode/cli/main.cc      '#include "dynode/studio/server.h"'  'cli may not include studio'
expect_caught dynode/run/forward.cc   '#include "dynode/dynode.h"'         'run may not include models'
expect_caught dynode/kernels/dense.cc '#include <fmt/format.h>'            'kernels may not include fmt'
expect_caught dynode/kernels/dense.cc '#include <string>'                  'kernels know no names'
expect_caught dynode/base/error.h     '#include <hwy/highway.h>'           'base may not include hwy'
expect_caught dynode/base/error.h     '#include <zlib.h>'                  'base may not include zlib'
expect_caught dynode/cells/tanh.cc    '#include <nlohmann/json.hpp>'       'cells may not include json'
expect_caught dynode/spec/value.h     '#include <yaml.h>'                  'belongs into a .cc file'
expect_caught dynode/spec/second.cc   '#include <yaml.h>'                  'meets yaml in one file'
expect_caught dynode/run/forward.cc   '#include <cblas.h>'                 'unknown library <cblas.h>'
expect_caught dynode/run/forward.cc   '#include "forward.h"'               'not a path from the root'
expect_caught dynode/attic/old.cc     '#include <vector>'                  'unknown room'

[ "$failed" -eq 0 ] && echo "the include rules catch what they should"
exit "$failed"
