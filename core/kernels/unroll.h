/* What stands in front of a loop that must not stay one: an array of vectors is in registers only if no loop indexes
 * it.
 *
 *   UNROLL                  the bounds are constants wherever the loop is inlined
 *   UNROLL_WHERE_CONSTANT   in some of those places they are
 */
#ifndef RGM_KERNELS_UNROLL_H
#define RGM_KERNELS_UNROLL_H

#ifdef __clang__
#    define UNROLL                _Pragma("clang loop unroll(full)")
#    define UNROLL_WHERE_CONSTANT /* as it thinks fit: the pragma would warn of the other places */
#else
#    define UNROLL                _Pragma("GCC unroll 16")
#    define UNROLL_WHERE_CONSTANT UNROLL
#endif

#endif
