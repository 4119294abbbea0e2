noinst_LTLIBRARIES += liblibrary.la
liblibrary_la_SOURCES = %D%/inside.h %D%/version.c
liblibrary_la_CFLAGS = $(AM_CFLAGS)
