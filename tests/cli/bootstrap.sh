#!/bin/sh
# ./bootstrap train with folders of pictures: which data set a folder has, and what it says before the work. Tools that
# install and build are stood in for; the program is this build's.
. "${0%/*}/common.sh"

# ---- a tree that is configured and built, and tools that find nothing to do
mkdir -p tree/build tree/build-aux tools fashion
cp "$source/bootstrap" tree/
for file in configure Makefile.in build-aux/ltmain.sh build/Makefile; do : >tree/$file; done
chmod +x tree/configure
echo >tree/build/configure-flags
: >fashion/train-images-idx3-ubyte.gz
for tool in gcc make autoreconf automake autoconf libtoolize pkg-config; do
    printf '#!/bin/sh\nexit 0\n' >tools/$tool
    chmod +x tools/$tool
done
printf '#!/bin/sh\n[ "$1" = train ] && set -- "$@" --model mlp --epochs 1 --out "$(mktemp -d)/run"\nexec "%s" "$@"\n' "$regimen" >tree/build/regimen
chmod +x tree/build/regimen
PATH=$work/tools:$PATH
TMPDIR=$work
FASHION_MNIST=$work/fashion
export PATH TMPDIR FASHION_MNIST
unset CC CONFIGURE_FLAGS CDPATH

pictures() { # FOLDER COUNT: of two classes, in its colour
    mkdir -p "$1/cat" "$1/dog"
    for i in $(seq 1 "$2"); do
        for class in cat dog; do { printf 'P5\n12 12\n255\n' && yes "$1$class$i" | head -c 144; } >"$1/$class/$i.pgm"; done
    done
}

# ---- folders of one name have a data set each
pictures A/animals 15
pictures "B b/animals" 20
expect 0 tree/bootstrap train -- A/animals
has out "importing A/animals into $work/tree/build/animals.h5"
has out '^  train *27 images'
has out '^  test *3 images'
has out 'predictions: .*predictions.html'
cp tree/build/animals.h5 first.h5
expect 0 tree/bootstrap train -- "B b/animals"
has out "animals.h5 is not known to be of $work/B b/animals: its data set is $work/tree/build/animals-2.h5"
has out '^  train *36 images'
cmp -s first.h5 tree/build/animals.h5 || fail "another folder's set is replaced"
touch "A/animals/cat/new.txt"
ln -s "$work/B b" link
expect 0 tree/bootstrap train -- "link/animals/"
has out 'animals-2.h5 is there already'
expect 0 tree/bootstrap train -- A/animals
has out "importing A/animals into $work/tree/build/animals.h5"

pictures other 11
find other -exec touch -d 2001-01-01 {} +
rm -r A/animals
mv other A/animals
expect 0 tree/bootstrap train -- A/animals
has out '^  train *18 images' # of 22: copies of a picture stay together

# ---- odd names; that of the set that is made without a folder
pictures ./-x 12
expect 0 tree/bootstrap train -- -x
[ -s tree/build/-x.h5 ] || fail "no set of -x"
pictures fashion-mnist 12
expect 0 tree/bootstrap train -- fashion-mnist
[ ! -e tree/build/fashion-mnist.h5 ] || fail "a folder takes the name of the set made without one"
[ -s tree/build/fashion-mnist-2.h5 ] || fail "no set of fashion-mnist"

# ---- few pictures; a test split under another name
pictures tiny 2
expect 0 tree/bootstrap train -- tiny
has out 'too few pictures to set some aside: none for test or validation'
has out '^  train *4 images'
has out 'predictions: '
pictures own/Training 6
pictures own/Testing 4
expect 0 tree/bootstrap train -- own
has out '^  test *8 images'

# ---- "--" forgotten: said before the work
for arguments in own '--epochs 2 own' '--epochs=2 own'; do
    # shellcheck disable=SC2086
    expect 2 tree/bootstrap train $arguments
    has err '^bootstrap: own is a folder: ./bootstrap train -- own$'
    [ ! -s out ] || fail "work before it: $(cat out)"
done
expect 2 tree/bootstrap train -- nowhere
has err '^bootstrap: nowhere: no such folder$'
finish
