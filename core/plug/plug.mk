noinst_LTLIBRARIES += libplug.la
libplug_la_SOURCES = %D%/plug.h %D%/knobs.h %D%/spec.c %D%/spec.h %D%/names.c %D%/names.h %D%/math.c %D%/math.h \
	%D%/host.c %D%/host.h %D%/params.c %D%/params.h %D%/validate.c %D%/validate.h \
	%D%/fpstate.h %D%/guard.c %D%/guard.h %D%/border.c %D%/border.h \
	%D%/copy.c %D%/copy.h %D%/library.c %D%/library.h %D%/load.c %D%/load.h %D%/registry.c %D%/registry.h \
	%D%/instance.c %D%/instance.h %D%/instance_internal.h %D%/context.c %D%/context.h %D%/call.c %D%/call.h \
	%D%/span.c %D%/span.h %D%/describe.c %D%/describe.h
libplug_la_CFLAGS = $(AM_CFLAGS) -pthread
