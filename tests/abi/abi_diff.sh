#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Holds the contract's types against the committed description of them, or proves that this would
# notice a change.
#
#   abi_diff.sh check  CORPUS BASELINE          fails if a type changed (abidiff's bits 4 and 8)
#   abi_diff.sh update CORPUS BASELINE          writes the description anew, for an intended change
#   abi_diff.sh mutate CORPUS SOURCE INCLUDE CC WORK
#                                               fails unless each of several changes is caught
set -eu

describe() { # LIBRARY OUT: nothing of the machine, so that it can be committed
  abidw --no-comp-dir-path --no-corpus-path --short-locs --no-show-locs --out-file "$2" "$1"
}

# Exit status of the comparison: bit 4 says changed, bit 8 incompatible, bits 1 and 2 failure of the
# tool itself.
compare() { # OLD NEW
  status=0
  abidiff --harmless "$1" "$2" || status=$?
  return "$status"
}

check() { # CORPUS BASELINE
  status=0
  compare "$2" "$1" || status=$?
  if [ "$((status & 3))" -ne 0 ]; then
    echo "abidiff failed (status $status)" >&2
    exit 1
  fi
  if [ "$((status & 12))" -ne 0 ]; then
    echo "The contract's types changed. If that is meant, update the description:" >&2
    echo "  $0 update $1 $2" >&2
    exit 1
  fi
}

# Applies one sed expression to one header and builds the corpus with it.
build_mutant() { # NAME HEADER EXPRESSION
  rm -rf "$work/include"
  cp -r "$include" "$work/include"
  sed -i -E "$3" "$work/include/sluice/$2"
  if cmp -s "$include/sluice/$2" "$work/include/sluice/$2"; then
    echo "mutation '$1' changed nothing: $2 does not look as expected any more" >&2
    exit 1
  fi
  # Same name within, or that alone would count as a change.
  "$cc" -std=c11 -g -O0 -fPIC -shared "-Wl,-soname,$(basename "$corpus")" -I "$work/include" -o "$work/$1.so" "$source"
}

expect_caught() { # NAME HEADER EXPRESSION
  build_mutant "$@"
  status=0
  compare "$corpus" "$work/$1.so" >"$work/$1.txt" || status=$?
  if [ "$((status & 3))" -ne 0 ] || [ "$((status & 12))" -eq 0 ]; then
    echo "mutation '$1' of $2 was not caught (abidiff status $status)" >&2
    cat "$work/$1.txt" >&2
    exit 1
  fi
  echo "mutation '$1' of $2 is caught (abidiff status $status)"
}

case "$1" in
check)
  check "$2" "$3"
  ;;
update)
  describe "$2" "$3"
  ;;
mutate)
  corpus=$2 source=$3 include=$4 cc=$5 work=$6
  mkdir -p "$work"
  expect_caught inserted-field batch.h 's/^  uint32_t flags; .*/&\n  uint64_t inserted;/'
  expect_caught appended-slot reader.h 's/^\} sluice_reader_t;/  void (*appended)(void* self);\n&/'
  expect_caught narrowed-field error.h 's/uint32_t retry_after_ms;/uint16_t retry_after_ms, rest;/'
  expect_caught swapped-slots sink.h 's/sluice_writer_t\* out/void* out/'
  # And an untouched copy is not taken for a change.
  build_mutant same sink.h 's|^// Table "sluice.sink/1".*|& |'
  compare "$corpus" "$work/same.so"
  ;;
*)
  echo "unknown command: $1" >&2
  exit 64
  ;;
esac
