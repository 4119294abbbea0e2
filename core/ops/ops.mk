noinst_LTLIBRARIES += libops.la
libops_la_SOURCES = \
	%D%/activation.c %D%/add.c %D%/batchnorm.c %D%/conv.c %D%/flatten.c %D%/linear.c %D%/ops.c %D%/ops.h \
	%D%/plugin.c %D%/pool.c %D%/shortcut.c
libops_la_CFLAGS = $(AM_CFLAGS)
