noinst_LTLIBRARIES += librecipe.la
librecipe_la_SOURCES = \
	%D%/ascending.c %D%/ascending.h \
	%D%/exact.c %D%/exact.h \
	%D%/images.c %D%/images.h \
	%D%/inspect.c %D%/inspect.h \
	%D%/measures.c %D%/measures.h \
	%D%/outliers.c %D%/outliers.h \
	%D%/sheets.c %D%/sheets.h \
	%D%/statistics.c %D%/statistics.h \
	%D%/typical.c %D%/typical.h
librecipe_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
