noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = %D%/status.c %D%/status.h %D%/stop.h %D%/clock.h %D%/fpenv.h %D%/log.c %D%/log.h %D%/arena.c %D%/arena.h %D%/text.c %D%/text.h \
  %D%/cpu.c %D%/cpu.h %D%/rng.c %D%/rng.h %D%/team.c %D%/team.h %D%/team_threads.c %D%/team_threads.h %D%/wait.c %D%/wait.h \
  %D%/cgroup.c %D%/cgroup.h %D%/largest_batch.c %D%/largest_batch.h %D%/machine.c %D%/machine.h %D%/memory.c %D%/memory.h %D%/altstack.c %D%/altstack.h %D%/replace.c %D%/replace.h %D%/folder.c %D%/folder.h \
  %D%/helper.c %D%/helper.h %D%/place.c %D%/place.h %D%/planted.h
if RGM_FAULTS
libbase_la_SOURCES += %D%/planted.c
endif
if RGM_TEAM_PTHREAD
libbase_la_SOURCES += %D%/team_pthread.c
else
libbase_la_SOURCES += %D%/team_openmp.c
endif
libbase_la_CPPFLAGS = $(AM_CPPFLAGS) $(HWLOC_CFLAGS) -DRGM_PLUGINDIR='"$(plugindir)"' -DRGM_LIBEXECDIR='"$(pkglibexecdir)"'
libbase_la_CFLAGS = $(AM_CFLAGS) $(TEAM_CFLAGS)
libbase_la_LIBADD = $(TEAM_LIBS) $(HWLOC_LIBS)
