noinst_LTLIBRARIES += liblibrary.la
liblibrary_la_SOURCES = %D%/config.c %D%/data.c %D%/entry.c %D%/entry.h %D%/inside.h %D%/machine.c %D%/model.c \
	%D%/result.c %D%/train.c %D%/version.c
liblibrary_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
liblibrary_la_CFLAGS = $(AM_CFLAGS)
