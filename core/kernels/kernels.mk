# The only objects with ISA flags are those of the level's own library. generic16 passes wide compiler vectors by value
# within its one object only: -Wno-psabi.
kernel_bodies = %D%/bodies.inc %D%/vec.h %D%/unroll.h %D%/body_elementwise.inc %D%/body_reduce.inc \
	%D%/body_probe.inc %D%/body_bnorm.inc %D%/body_pool.inc %D%/body_loss.inc %D%/body_optim.inc %D%/body_image.inc %D%/body_resize.inc \
	%D%/body_gemm.inc %D%/body_grid.inc %D%/body_winograd.inc \
	%D%/body_winograd_filters.inc

noinst_LTLIBRARIES += libkernels.la libkernels_generic16.la
libkernels_la_SOURCES = %D%/kernels.c %D%/kernels.h %D%/tuning.c %D%/tuning.h %D%/kernels.def %D%/tables.h %D%/kernel_names.h %D%/lane_fma.h \
	%D%/kernels_reference8.c %D%/kernels_reference16.c %D%/reference.inc %D%/reference_math.inc \
	%D%/reference_elementwise.inc %D%/reference_rows.inc %D%/reference_image.inc \
	%D%/reference_gemm.inc %D%/reference_grid.inc %D%/reference_winograd.inc
libkernels_la_LIBADD = libkernels_generic16.la

libkernels_generic16_la_SOURCES = %D%/kernels_generic16.c %D%/vec_generic16.h $(kernel_bodies)
libkernels_generic16_la_CFLAGS = $(AM_CFLAGS) -Wno-psabi
if FUZZ
# Instrumented, it takes clang minutes; what is fuzzed reads files and calls none of it.
libkernels_generic16_la_CFLAGS += -fno-sanitize=all
endif

EXTRA_DIST += %D%/kernels_avx2.c %D%/vec_avx2.h %D%/kernels_avx512.c %D%/vec_avx512.h

if RGM_AVX2
noinst_LTLIBRARIES += libkernels_avx2.la
libkernels_avx2_la_SOURCES = %D%/kernels_avx2.c %D%/vec_avx2.h
libkernels_avx2_la_CFLAGS = $(AM_CFLAGS) $(RGM_AVX2_CFLAGS)
libkernels_la_LIBADD += libkernels_avx2.la
endif

if RGM_AVX512
noinst_LTLIBRARIES += libkernels_avx512.la
libkernels_avx512_la_SOURCES = %D%/kernels_avx512.c %D%/vec_avx512.h
libkernels_avx512_la_CFLAGS = $(AM_CFLAGS) $(RGM_AVX512_CFLAGS)
libkernels_la_LIBADD += libkernels_avx512.la
endif
