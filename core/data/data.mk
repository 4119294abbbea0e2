noinst_LTLIBRARIES += libdata.la
libdata_la_SOURCES = %D%/file.c %D%/h5.c %D%/h5.h %D%/rehearsal.c %D%/rehearsal.h %D%/weights.c %D%/weights.h %D%/knobs.h %D%/file.h %D%/input.c %D%/input.h %D%/sink.c %D%/sink.h %D%/stats.c %D%/stats.h \
  %D%/content.c %D%/content.h %D%/attribute.c %D%/attribute.h %D%/encoded.c %D%/encoded.h %D%/label.c %D%/label.h %D%/name.c %D%/name.h %D%/group.c %D%/group.h %D%/load.c %D%/load.h \
  %D%/unpack.c %D%/unpack.h %D%/dataset.c %D%/dataset.h %D%/split.c %D%/split.h %D%/together.c %D%/together.h %D%/order.c %D%/order.h \
  %D%/exclude.c %D%/exclude.h %D%/exclude_lines.c %D%/exclude_lines.h \
  %D%/fingerprint.c %D%/fingerprint.h \
  %D%/develop.c %D%/develop.h %D%/sample.h %D%/reader.c %D%/reader.h %D%/batch.c %D%/batch.h
libdata_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(XXHASH_CFLAGS)
libdata_la_CFLAGS = $(AM_CFLAGS) -pthread
libdata_la_LIBADD = $(HDF5_LIBS) $(XXHASH_LIBS)
