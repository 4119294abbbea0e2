noinst_LTLIBRARIES += libengine.la
libengine_la_SOURCES = %D%/engine.c %D%/conv.c %D%/plan.c %D%/run.c %D%/weights.c %D%/matmul.c %D%/shim.c \
	%D%/engine.h %D%/internal.h %D%/shim.h
libengine_la_CPPFLAGS = $(AM_CPPFLAGS) $(DNNL_CFLAGS)
libengine_la_CFLAGS = $(AM_CFLAGS) $(TEAM_CFLAGS)
libengine_la_LIBADD = $(TEAM_LIBS) $(DNNL_LIBS)
