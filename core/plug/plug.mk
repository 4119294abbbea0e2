noinst_LTLIBRARIES += libplug.la
libplug_la_SOURCES = %D%/spec.h %D%/plug.h %D%/parts.h %D%/fpstate.h %D%/guard.h %D%/guard.c %D%/border.h %D%/border.c \
	%D%/registry.c %D%/load.c %D%/validate.c \
	%D%/params.c %D%/instance.c %D%/call.c %D%/host.c %D%/math.c %D%/describe.c
libplug_la_CPPFLAGS = $(AM_CPPFLAGS) -DRGM_PLUGINDIR='"$(plugindir)"'
