noinst_LTLIBRARIES += librecipe.la
librecipe_la_SOURCES = \
	%D%/ascending.c %D%/ascending.h \
	%D%/checkpoint_says.c %D%/checkpoint_says.h \
	%D%/exact.c %D%/exact.h \
	%D%/folds.c %D%/folds.h \
	%D%/images.c %D%/images.h \
	%D%/inspect.c %D%/inspect.h \
	%D%/label_errors.c %D%/label_errors.h \
	%D%/losses.c %D%/losses.h \
	%D%/measures.c %D%/measures.h \
	%D%/model_says.c %D%/model_says.h \
	%D%/outliers.c %D%/outliers.h \
	%D%/said.c %D%/said.h \
	%D%/says.c %D%/says.h \
	%D%/sheets.c %D%/sheets.h \
	%D%/statistics.c %D%/statistics.h \
	%D%/typical.c %D%/typical.h
librecipe_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
