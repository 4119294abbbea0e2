noinst_LTLIBRARIES += librun.la
librun_la_SOURCES = \
	%D%/answers.c %D%/answers.h \
	%D%/begin.c \
	%D%/board.c %D%/board.h \
	%D%/earlier.c %D%/earlier.h \
	%D%/end.c \
	%D%/first_batch.c %D%/first_batch.h \
	%D%/open.c \
	%D%/pictures.c %D%/pictures.h \
	%D%/predictor.c %D%/predictor.h \
	%D%/record.c %D%/record.h \
	%D%/run.c %D%/run.h \
	%D%/run_internal.h \
	%D%/watching.c %D%/watching.h
librun_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
