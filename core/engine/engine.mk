noinst_LTLIBRARIES += libengine.la
libengine_la_SOURCES = %D%/engine.c %D%/engine.h %D%/shape.c %D%/shape.h %D%/conv.c %D%/conv.h \
	%D%/conv_run.c %D%/conv_run.h %D%/weights.c %D%/weights.h %D%/matmul.c %D%/matmul.h \
	%D%/internal.h %D%/shim.c %D%/shim.h
libengine_la_CPPFLAGS = $(AM_CPPFLAGS) $(DNNL_CFLAGS)
libengine_la_CFLAGS = $(AM_CFLAGS) $(TEAM_CFLAGS)
libengine_la_LIBADD = $(TEAM_LIBS) $(DNNL_LIBS)
