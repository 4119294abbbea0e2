noinst_LTLIBRARIES += libconv.la
libconv_la_SOURCES = \
	%D%/conv.h %D%/direct.c %D%/onednn.c %D%/side.c %D%/winograd.c %D%/winograd.h %D%/winograd_weights.c
libconv_la_CFLAGS = $(AM_CFLAGS)
