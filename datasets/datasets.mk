noinst_LTLIBRARIES += libdatasets.la
libdatasets_la_SOURCES = %D%/writer.c %D%/writer.h %D%/structure.c %D%/structure.h %D%/encoded_writer.c %D%/encoded_writer.h %D%/source.c %D%/source.h %D%/names.c %D%/names.h \
  %D%/import.h %D%/import_idx.c %D%/import_cifar.c %D%/import_folder.c %D%/import_npy.c %D%/npy.c %D%/npy.h %D%/import_csv.c %D%/csv.c %D%/csv.h \
  %D%/list.c %D%/list.h %D%/tree.c %D%/tree.h %D%/survey.c %D%/survey.h %D%/keeper.c %D%/keeper.h \
  %D%/stage_list.c %D%/stage_list.h %D%/stage.c %D%/stage.h %D%/quarantine.c %D%/quarantine.h %D%/shares.c %D%/shares.h \
  %D%/assemble.c %D%/assemble.h %D%/import_pictures.c %D%/import_pictures.h \
  %D%/copies.c %D%/copies.h %D%/leave_out.c %D%/leave_out.h %D%/picture_names.c %D%/picture_names.h
libdatasets_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(ZLIB_CFLAGS) $(ZIP_CFLAGS) $(XXHASH_CFLAGS)
libdatasets_la_CFLAGS = $(AM_CFLAGS)
libdatasets_la_LIBADD = $(ZLIB_LIBS) $(ZIP_LIBS) $(XXHASH_LIBS)
