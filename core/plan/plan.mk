noinst_LTLIBRARIES += libplan.la
libplan_la_SOURCES = \
	%D%/chunks.c %D%/chunks.h %D%/finish.c %D%/finish.h %D%/gradient.c %D%/layout.c %D%/layout.h %D%/op.h \
	%D%/pending.c %D%/pending.h %D%/phases.c %D%/plan.c %D%/plan.h %D%/plan_internal.h %D%/recycle.c \
	%D%/remake.c %D%/remake.h %D%/rows.c %D%/squares.c %D%/sums.c %D%/sums.h
libplan_la_CFLAGS = $(AM_CFLAGS)
