noinst_LTLIBRARIES += libkernels.la
libkernels_la_SOURCES = %D%/kernels.c %D%/kernels.h %D%/kernels.def %D%/tables.h %D%/kernel_names.h %D%/lane_fma.h \
	%D%/kernels_reference8.c %D%/kernels_reference16.c %D%/reference.inc %D%/reference_math.inc \
	%D%/reference_elementwise.inc %D%/reference_rows.inc %D%/reference_image.inc
