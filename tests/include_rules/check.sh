#!/usr/bin/env bash
# Who may include whom. Greps every include of dynode/<room>/ and complains about each that points upwards.
#
#   tests/include_rules/check.sh [root]        root: a folder that has dynode/ in it
#
# Tests (*_test.cc, *_test.h) are free to include more. Exit code 1 and one line per offence otherwise:
#   dynode/cells/tanh.cc:4: cells may not include plan (dynode/plan/plan.h)
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

# room → rooms it may include, besides itself and base
declare -A rooms=(
  [base]=""
  [kernels]=""
  [sources]="kernels"
  [cells]="sources kernels"
  [connections]="sources kernels"
  [wiring]=""
  [params]="kernels"
  [spec]=""
  [plan]="spec wiring params cells connections sources mean_field"
  [run]="plan cells connections sources params kernels"
  [tasks]=""
  [learn]="run plan params spec tasks io"
  [spiking]="run plan params"
  [analysis]="run plan params"
  [mean_field]="kernels spec wiring"
  [circuits]="kernels"
  [io]="spec plan params"
)
# the public face stands above all of these; the doors stand above it and never look at each other
rooms[models]="${!rooms[*]}"
for door in cli python studio; do rooms[$door]="models ${rooms[models]}"; done

# library → pattern of its headers, and the rooms that may include it; everything else is a stranger
library_names=(hwy intrinsics fmt yaml json zip zlib cli11 eigen hdf5 matio mpi pybind11 boost)
declare -A headers=(
  [hwy]='hwy/*'            [intrinsics]='@(imm|xmm|x86)intrin.h'        [fmt]='fmt/*'
  [yaml]='yaml.h'          [json]='nlohmann/*'     [zip]='zip.h'
  [zlib]='zlib.h'          [cli11]='CLI/*'         [eigen]='@(Eigen|unsupported/Eigen)/*'    [hdf5]='hdf5*.h'
  [matio]='matio.h'        [mpi]='mpi.h'           [pybind11]='@(pybind11/*|Python.h)'       [boost]='boost/*'
)
declare -A users=(
  [hwy]="kernels sources cells connections params run circuits mean_field"
  [intrinsics]="base kernels"   # the compiler's own, for processor modes
  [fmt]="base sources cells connections wiring params spec plan run tasks learn spiking analysis mean_field circuits io models cli python studio"
  [yaml]="spec"            [json]="spec io learn models cli python studio"
  [zip]="io"               [zlib]="io"             [cli11]="cli"        [eigen]="spiking analysis mean_field"
  [hdf5]="io"              [matio]="io"            [mpi]="learn"        [pybind11]="python"  [boost]="studio"
)
in_sources_only="yaml json zip zlib eigen hdf5 matio mpi boost"   # met in .cc files, never in headers
shopt -s extglob

offences=0
offence() { echo "$1"; offences=$((offences + 1)); }
has()     { [[ " $1 " == *" $2 "* ]]; }
is_system_header() {
  case $1 in
    # C++ and C of the standard, then POSIX
    assert.h|errno.h|fenv.h|float.h|inttypes.h|limits.h|math.h|signal.h|stddef.h|stdint.h|stdio.h|stdlib.h|string.h|time.h) return 0 ;;
    fcntl.h|unistd.h|dirent.h|pthread.h|sched.h|poll.h|termios.h|dlfcn.h|cxxabi.h|sys/*.h) return 0 ;;
    *[./]*) return 1 ;;
    *) return 0 ;;
  esac
}

# every folder of dynode/ with sources in it is a room of the table
for folder in dynode/*/; do
  room=$(basename "$folder")
  if [[ ! -v "rooms[$room]" ]] && [ -n "$(find "$folder" -name '*.h' -o -name '*.cc')" ]; then
    offence "$folder: unknown room; add it to the table in tests/include_rules/check.sh"
  fi
done

declare -A met                                                    # "<room> <library>" → the one file that includes it
while IFS=: read -r file line text; do
  [ -n "$file" ] || continue
  room=models                                                     # files of dynode/ itself belong to the public face
  [[ $file == dynode/*/* ]] && { room=${file#dynode/}; room=${room%%/*}; }
  [[ -v "rooms[$room]" ]] || continue
  [[ $text =~ [\"\<]([^\"\>]+)[\"\>] ]] || continue               # an include of a macro, as Highway asks for
  header=${BASH_REMATCH[1]}
  place=$file:$line

  # our own headers: always by their full path, only from rooms below
  if [[ $header == dynode/*/* ]]; then
    target=${header#dynode/}; target=${target%%/*}
    if [[ ! -v "rooms[$target]" ]]; then
      offence "$place: unknown room ($header)"
    elif [ "$target" != "$room" ] && [ "$target" != base ] && ! has "${rooms[$room]}" "$target"; then
      offence "$place: $room may not include $target ($header)"
    fi
    continue
  fi
  if [[ $header == dynode/* ]]; then
    has "models cli python studio" "$room" || offence "$place: $room may not include models ($header)"
    continue
  fi
  if [[ $text == *\"* ]]; then
    offence "$place: not a path from the root, like \"dynode/base/error.h\" ($header)"
    continue
  fi

  # libraries
  library=""
  for name in "${library_names[@]}"; do
    # shellcheck disable=SC2053  # the right side is a pattern
    if [[ $header == ${headers[$name]} ]]; then library=$name; fi
  done
  if [ -z "$library" ]; then
    is_system_header "$header" || offence "$place: $room may not include the unknown library <$header>"
    # isa.* chooses the instruction set, which people name
    if [ "$room" = kernels ] && [[ $file != dynode/kernels/isa* ]] && has "string string_view iostream sstream" "$header"; then
      offence "$place: kernels know no names or strings (<$header>)"
    fi
  elif ! has "${users[$library]}" "$room"; then
    offence "$place: $room may not include $library (<$header>)"
  elif [[ $file == *.h ]] && has "$in_sources_only" "$library"; then
    offence "$place: $library belongs into a .cc file (<$header>)"
  elif [ "$room" = spec ] && has "yaml json" "$library"; then
    if [ "${met["$room $library"]:-$file}" != "$file" ]; then
      offence "$place: $room meets $library in one file, which is ${met["$room $library"]}"
    fi
    met["$room $library"]=$file
  fi
done < <(grep -rnE --include='*.h' --include='*.cc' --exclude='*_test.cc' --exclude='*_test.h' \
           '^[[:space:]]*#[[:space:]]*include[[:space:]]' dynode || true)

if [ "$offences" -gt 0 ]; then
  echo "include rules: $offences offences"
  exit 1
fi
echo "include rules: kept"
