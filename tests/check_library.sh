#!/bin/sh
# libregimen as its users have it: installed into a scratch folder, found by pkg-config. It exports what the header declares,
# and nothing else. The examples (docs/examples, of at most 60 lines) build as C11 and as C++17, against the shared and
# against the static library, and do what they say.
. "${0%/*}/cli/common.sh"
build=${regimen%/*}
unset MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_LIBDIR PKG_CONFIG_PATH REGIMEN_PLUGIN_PATH REGIMEN_LIBEXEC LD_LIBRARY_PATH
warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror'
dest=$work/dest

# ---- what is installed
of_build() { PKG_CONFIG_PATH=$build/include pkg-config --variable="$1" regimen; } # of_build VARIABLE
prefix=$dest$(of_build prefix)
libdir=$dest$(of_build libdir)
includedir=$dest$(of_build includedir)

# As for a user who has no development files of the libraries that this one uses.
flags() { # flags OPTION...: of the installed tree
    PKG_CONFIG_LIBDIR=$libdir/pkgconfig pkg-config --define-variable=libdir="$libdir" \
        --define-variable=includedir="$includedir" "$@" regimen
}

check_installed() {
    expect 0 "${MAKE:-make}" -s -C "$build" install DESTDIR="$dest"
    for file in "$libdir"/libregimen.so "$libdir"/libregimen.so.0 "$libdir"/libregimen.so.0.0.0 \
        "$includedir"/regimen/regimen.h "$libdir"/pkgconfig/regimen.pc; do
        check
        [ -f "$file" ] || fail "$file is not installed"
    done
    check
    found=$(find "$dest" -name '*.la')
    [ -z "$found" ] || fail "of libtool alone: $found"
    check
    readelf -d "$libdir/libregimen.so" | grep -q 'SONAME.*\[libregimen\.so\.0\]' || fail "the library's name is not libregimen.so.0"
    check
    found=$(flags --cflags --libs | sed 's/ *$//')
    [ "$found" = "-I$includedir -L$libdir -lregimen" ] || fail "pkg-config: $found"
}

check_exported() {
    sed 's/^typedef.*//' "$includedir/regimen/regimen.h" | grep -o '^REGIMEN_API .*[ *]regimen_[a-z_0-9]*(' |
        sed 's/.*[ *]\(regimen_.*\)(/\1/' | sort >declared
    nm -D --defined-only "$libdir/libregimen.so" | awk '{ print $3 }' | sort >exported
    check
    [ "$(wc -l <declared)" = "$(grep -c '^REGIMEN_API' "$includedir/regimen/regimen.h")" ] || fail "not all functions of the header are found"
    check
    found=$(comm -13 declared exported)
    [ -z "$found" ] || fail "exported, but not in the header: $found"
    check
    absent=$(comm -23 declared exported)
    [ -z "$absent" ] || fail "in the header, but not exported: $absent"
}

# ---- the examples
# compile NAME EXAMPLE LANGUAGE COMPILER LINK...: what the compiler says of it, into bin/NAME
compile() {
    name=$1
    example=$2
    language=$3
    compiler=$4
    shift 4
    # shellcheck disable=SC2046,SC2086 # lists of words
    expect 0 $compiler -std=$language $warnings $RGM_LDFLAGS $(flags --cflags) -x ${language%[0-9][0-9]} \
        "$source/docs/examples/$example.c" -x none "$@" -o "$prefix/bin/$name"
}

# Each as EXAMPLE-LANGUAGE-LIBRARY beside the installed program.
check_builds() { # check_builds LANGUAGE COMPILER
    static=$(flags --static --libs | sed 's/-lregimen/-l:libregimen.a/')
    for example in train predict; do
        # shellcheck disable=SC2046 # a list of words
        compile $example-"$1"-shared $example "$1" "$2" $(flags --libs)
        [ -f "$libdir/libregimen.a" ] || continue
        # shellcheck disable=SC2086
        compile $example-"$1"-static $example "$1" "$2" $static
        check
        if readelf -d "$prefix/bin/$example-$1-static" | grep 'NEEDED.*regimen'; then fail "$example is not linked statically"; fi
    done
}

run() { # run EXAMPLE-LANGUAGE-LIBRARY ARGUMENT...
    example=$1
    shift
    LD_LIBRARY_PATH=$libdir "$prefix/bin/$example" "$@"
}

picture() { # picture SIDE: of grey
    printf 'P5\n# a comment\n%d %d\n255\n' "$1" "$1"
    seq 100 10000 | tr '0-9\n' '\000\031\062\113\144\175\226\257\310\341\372' | head -c $(($1 * $1))
}

check_runs() { # check_runs LANGUAGE-LIBRARY: all give the same
    rm -f model.h5
    expect 0 run train-"$1" data.h5 model.h5 epochs=1 batch=32 model.base=4
    has out '^epoch 1 of 1: loss [0-9.]*, accuracy [0-9.]* %$'
    has out '^model.h5: complete, accuracy [0-9.]* %$'
    expect 0 run predict-"$1" model.h5 12.pgm 12.pgm
    has out '^12.pgm: class [0-2] [^,]*, [0-9.]* %$'
    check
    [ "$(wc -l <out)" = 2 ] || fail "two pictures have $(wc -l <out) lines"
    [ -f first ] || cp out first
    check
    cmp -s out first || fail "predict-$1 says something else: $(cat out first)"
}

check_refusals() { # check_refusals LANGUAGE-LIBRARY: with a model.h5 from before
    expect 1 run train-"$1" data.h5
    has err '^train: usage: '
    expect 1 run train-"$1" none.h5 none epochs=1
    has err '^train: .*none.h5'
    expect 1 run train-"$1" data.h5 none epoch=1
    has err '^train: .*epoch'
    expect 1 run predict-"$1" model.h5
    has err '^predict: usage: '
    expect 1 run predict-"$1" data.h5 12.pgm
    has err '^predict: .*data.h5'
    for file in none.pgm short.pgm .; do # the others are told all the same
        expect 1 run predict-"$1" model.h5 $file 11.ppm
        has err "^predict: $file: "
        has out '^11.ppm: class [0-2] '
    done
    check
    [ ! -e none ] || fail "a training that was refused has written a model"
}

# In the background, SIGINT is ignored until the program hears it.
check_interrupt() { # check_interrupt LANGUAGE-LIBRARY
    check
    LD_LIBRARY_PATH=$libdir "$prefix/bin/train-$1" data.h5 none epochs=100000 batch=32 model.base=4 >out 2>err &
    trained=$!
    children="$children $trained"
    i=0
    while kill -INT $trained 2>/dev/null && [ $i -lt 600 ]; do
        i=$((i + 1))
        sleep 0.1
    done
    kill -KILL $trained 2>/dev/null
    wait $trained
    code=$?
    if [ -e none ]; then # what it had reached is saved
        [ $code = 0 ] || fail "interrupted, train has saved a model and ends with $code: $(cat err)"
        has out '^none: interrupted, '
        rm none
    else # already the opening of its data was
        [ $code = 1 ] || fail "interrupted, train ends with $code: $(cat err)"
        has err '^train: .*stopped'
    fi
}

# The library of the build tree finds that tree's plugins and its helper program.
check_uninstalled() {
    mv "$prefix" away
    expect 0 env LD_LIBRARY_PATH="$build/.libs" "./away/bin/predict-c11-shared" model.h5 12.pgm
    mv away "$prefix"
}

check_examples() {
    for example in train predict; do
        check
        [ "$(wc -l <"$source/docs/examples/$example.c")" -le 60 ] || fail "$example.c has more than 60 lines"
    done
    picture 12 >12.pgm
    { printf 'P6\n11 7\n255\n' && picture 16 | tail -c 231; } >11.ppm # neither the model's size nor its channels
    head -c 100 12.pgm >short.pgm
    make_data
    kinds=c11-shared
    check_builds c11 "${CC:-cc}"
    if [ "$cxx" ]; then
        check_builds c++17 "$cxx"
        kinds="$kinds c++17-shared"
    else
        skip "the examples as C++17" "no C++ compiler"
    fi
    if [ -f "$libdir/libregimen.a" ]; then
        for kind in $kinds; do kinds="$kinds ${kind%-*}-static"; done
    else
        skip "the examples with libregimen.a" "configured with --disable-static"
    fi
    for kind in $kinds; do check_runs "$kind"; done
    check_refusals c11-shared
    check_interrupt c11-shared
    check_uninstalled
}

# One of the C compiler's family, for the sanitizers' sake.
case ${CC-} in *clang*) cxx=clang++ ;; *) cxx=c++ ;; esac
cxx=${CXX:-$cxx}
command -v "${cxx%% *}" >/dev/null || cxx=
if ! command -v pkg-config >/dev/null || ! ${CC:-cc} --version >/dev/null 2>&1; then
    skip "the whole" "no compiler, or no pkg-config"
    exit 77
fi
check_installed
check_exported
check_examples
finish
