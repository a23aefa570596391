#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the fuzz targets as OSS-Fuzz wants them: its compiler and flags, its engine, programs and seeds in $OUT.
# https://google.github.io/oss-fuzz/getting-started/new-project-guide/#buildsh

source=$(dirname "$(readlink -f "$0")")/../../..
build=${WORK:?}/build

# the base image that runs the targets has none of the libraries
export LDFLAGS="${LDFLAGS:-} -Wl,-rpath,\$ORIGIN/lib"
meson setup --wipe "$build" "$source" -Dfuzz=true -Dfuzz_engine="${LIB_FUZZING_ENGINE:?}" -Dapplet=false 2>/dev/null ||
    meson setup "$build" "$source" -Dfuzz=true -Dfuzz_engine="$LIB_FUZZING_ENGINE" -Dapplet=false
mapfile -t targets < <(ninja -C "$build" -t targets all | sed -n 's|^\(tests/fuzz/fuzz-[a-z-]*\): .*|\1|p')
ninja -C "$build" "${targets[@]}"

mkdir -p "${OUT:?}/lib"
for target in "${targets[@]}"; do
    name=${target##*/}
    cp "$build/$target" "$OUT/"
    ldd "$build/$target" | awk '$3 ~ "^/" { print $3 }' | grep -Ev '/(libc|libm|libpthread|libdl|librt|ld-linux.*)\.so' |
        xargs -r cp -L -t "$OUT/lib"
    (cd "$source/tests/fuzz/corpus/${name#fuzz-}" && python3 -m zipfile -c "$OUT/${name}_seed_corpus.zip" ./*)
done
