noinst_LTLIBRARIES += libconv.la
libconv_la_SOURCES = %D%/site.c %D%/site.h %D%/side.c %D%/side.h %D%/slice.h %D%/onednn.c %D%/onednn.h \
	%D%/direct.c %D%/direct.h %D%/direct_pixels.c %D%/direct_pixels.h %D%/direct_weights.c %D%/direct_weights.h \
	%D%/winograd.c %D%/winograd.h %D%/winograd_tile.c %D%/winograd_tile.h %D%/winograd_pass.c %D%/winograd_pass.h \
	%D%/winograd_few.c %D%/winograd_few.h %D%/winograd_many.c %D%/winograd_many.h \
	%D%/winograd_weights.c %D%/winograd_weights.h
libconv_la_CFLAGS = $(AM_CFLAGS)
