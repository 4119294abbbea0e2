noinst_LTLIBRARIES += libpicture.la
libpicture_la_SOURCES = %D%/picture.c %D%/picture.h %D%/decoder_internal.h %D%/canvas.c %D%/exif.c %D%/jpeg.c %D%/png.c \
	%D%/webp.c %D%/bmp.c %D%/pnm.c %D%/resize.c %D%/resize.h %D%/transform.c %D%/transform.h %D%/encode.c %D%/encode.h \
	%D%/file.c %D%/file.h
libpicture_la_CPPFLAGS = $(AM_CPPFLAGS) $(JPEG_CFLAGS) $(SPNG_CFLAGS) $(WEBP_CFLAGS) $(ZLIB_CFLAGS)
libpicture_la_CFLAGS = $(AM_CFLAGS)
libpicture_la_LIBADD = $(JPEG_LIBS) $(SPNG_LIBS) $(WEBP_LIBS) $(ZLIB_LIBS)
