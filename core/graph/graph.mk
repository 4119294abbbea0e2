noinst_LTLIBRARIES += libgraph.la
libgraph_la_SOURCES = %D%/family.c %D%/family.h %D%/graph.c %D%/graph.h
libgraph_la_CFLAGS = $(AM_CFLAGS)
