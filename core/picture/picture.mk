noinst_LTLIBRARIES += libpicture.la
libpicture_la_SOURCES = %D%/picture.c %D%/picture.h %D%/resize.c %D%/resize.h %D%/transform.c %D%/transform.h
libpicture_la_CPPFLAGS = $(AM_CPPFLAGS) $(JPEG_CFLAGS) $(SPNG_CFLAGS) $(WEBP_CFLAGS)
libpicture_la_CFLAGS = $(AM_CFLAGS)
libpicture_la_LIBADD = $(JPEG_LIBS) $(SPNG_LIBS) $(WEBP_LIBS)
