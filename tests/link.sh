#!/bin/sh
# link.sh SHELL LIBTOOL ARGUMENT...: what libtool does when it is called with these arguments.
#
# libtool takes a second to find out what a program is linked with, twice the time of the linker itself, and tests/ has a
# hundred programs. Those of archives of this build alone are linked without it: each archive, and the libraries it needs,
# stand in its .la file. All else is left to libtool: other modes and folders, and programs with a shared library of this
# build.
shell=$1
libtool=$2
shift 2

# add_lib FLAG: once each, behind the last that may need it.
add_lib() {
    case $1 in *.la) return 1 ;; esac
    case $libs in *" '$1'"*) libs=${libs%%" '$1'"*}${libs#*" '$1'"} ;; esac
    libs="$libs '$1'"
}

# add_archive FILE.la: fails if it is of a shared library, or if other .la files stand in it.
add_archive() {
    dlname='' old_library='' dependency_libs='' inherited_linker_flags=''
    case $1 in */*) folder=${1%/*} ;; *) folder=. ;; esac
    # shellcheck disable=SC1090 # a file that libtool has made
    . "$folder/${1##*/}" || return
    [ -z "$dlname" ] && [ -n "$old_library" ] || return
    archives="$archives '$folder/.libs/$old_library'"
    for lib in $inherited_linker_flags $dependency_libs; do add_lib "$lib" || return; done
}

# find_command ARGUMENT...: sets command, archives and libs; fails where libtool is needed.
find_command() {
    command='' archives='' libs=''
    while [ $# -gt 0 ]; do
        case $1 in
        --silent | --quiet | --tag=* | --mode=link) ;;
        -o) case $2 in *.la) return 1 ;; *) command="$command '$1'" ;; esac ;;
        *\'* | *.lo | -[dsw]lopen | -dlpreopen | -export* | -module | -rpath | -R* | *static*) return 1 ;;
        *.la) add_archive "$1" || return ;;
        -[lL]*) add_lib "$1" || return ;;
        *) command="$command '$1'" ;;
        esac
        shift
    done
}

case " $* " in
*' --mode=link '*' -o tests/'*)
    if find_command "$@"; then
        eval "exec $command -Wl,--start-group $archives -Wl,--end-group $libs"
    fi
    ;;
esac
exec "$shell" "$libtool" "$@"
