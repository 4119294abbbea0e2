noinst_LTLIBRARIES += librecipe.la
librecipe_la_SOURCES = \
	%D%/align.c %D%/align.h \
	%D%/ascending.c %D%/ascending.h \
	%D%/checkpoint_says.c %D%/checkpoint_says.h \
	%D%/distort.c %D%/distort.h \
	%D%/exact.c %D%/exact.h \
	%D%/folds.c %D%/folds.h \
	%D%/images.c %D%/images.h \
	%D%/inspect.c %D%/inspect.h \
	%D%/judge.c %D%/judge.h \
	%D%/label_errors.c %D%/label_errors.h \
	%D%/losses.c %D%/losses.h \
	%D%/measures.c %D%/measures.h \
	%D%/model_says.c %D%/model_says.h \
	%D%/near.c %D%/near.h \
	%D%/outliers.c %D%/outliers.h \
	%D%/pairs.c %D%/pairs.h \
	%D%/patch.c %D%/patch.h \
	%D%/said.c %D%/said.h \
	%D%/says.c %D%/says.h \
	%D%/sheets.c %D%/sheets.h \
	%D%/sketch.c %D%/sketch.h \
	%D%/spectrum.c %D%/spectrum.h \
	%D%/statistics.c %D%/statistics.h \
	%D%/typical.c %D%/typical.h \
	%D%/whiten.c %D%/whiten.h
librecipe_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
