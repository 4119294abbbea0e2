noinst_LTLIBRARIES += libplan.la
libplan_la_SOURCES = \
	%D%/append.c %D%/append.h %D%/again.c %D%/again.h %D%/binding.c %D%/binding.h %D%/build.c %D%/build.h %D%/chunks.c %D%/chunks.h \
	%D%/finish.c %D%/finish.h %D%/finite.c %D%/finite.h %D%/gradient.c %D%/gradient.h %D%/images.c %D%/images.h \
	%D%/knobs.h %D%/layouts.c %D%/layouts.h %D%/lifetimes.c %D%/lifetimes.h %D%/moments.c %D%/moments.h \
	%D%/norm.c %D%/norm.h %D%/op.c %D%/op.h %D%/order.c %D%/order.h %D%/pending.c %D%/pending.h %D%/phases.c \
	%D%/phases.h %D%/probe.c %D%/probe.h %D%/plan.c %D%/plan.h %D%/plan_internal.h %D%/program.c %D%/program.h %D%/remake.c %D%/remake.h \
	%D%/rows.c %D%/rows.h %D%/sizes.c %D%/sizes.h %D%/squares.c %D%/squares.h %D%/store.c %D%/store.h %D%/sums.c \
	%D%/sums.h %D%/values.c %D%/values.h
libplan_la_CFLAGS = $(AM_CFLAGS)
