noinst_LTLIBRARIES += librecipe.la
librecipe_la_SOURCES = \
	%D%/exact.c %D%/exact.h \
	%D%/images.c %D%/images.h \
	%D%/inspect.c %D%/inspect.h
librecipe_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
