noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = %D%/status.c %D%/status.h
libbase_la_CPPFLAGS = $(AM_CPPFLAGS) $(HWLOC_CFLAGS)
libbase_la_CFLAGS = $(AM_CFLAGS) $(TEAM_CFLAGS)
libbase_la_LIBADD = $(TEAM_LIBS) $(HWLOC_LIBS)
