noinst_LTLIBRARIES += libplug.la
libplug_la_SOURCES = %D%/spec.c %D%/spec.h %D%/plug.h %D%/parts.h %D%/fpstate.h %D%/guard.h %D%/guard.c %D%/border.h %D%/border.c \
	%D%/knobs.h %D%/registry.c %D%/copy.c %D%/copy.h %D%/library.c %D%/library.h %D%/load.c %D%/load.h \
	%D%/names.c %D%/validate.c \
	%D%/params.c %D%/instance.c %D%/call.c %D%/host.c %D%/math.c %D%/describe.c
libplug_la_CFLAGS = $(AM_CFLAGS) -pthread
