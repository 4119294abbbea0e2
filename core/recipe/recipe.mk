noinst_LTLIBRARIES += librecipe.la
librecipe_la_SOURCES = \
	%D%/compare.c %D%/compare.h \
	%D%/compare_runs.c %D%/compare_runs.h \
	%D%/contestants.c %D%/contestants.h \
	%D%/distributions.c %D%/distributions.h
librecipe_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
