# Fuzz targets, with --enable-fuzz: "make fuzz" builds them and the program that writes their first inputs, run.sh runs them.
fuzz_shared = %D%/fuzz.c %D%/fuzz.h
if FUZZ
fuzz_programs = %D%/fuzz_config %D%/fuzz_option %D%/fuzz_dataset %D%/fuzz_checkpoint %D%/fuzz_file %D%/fuzz_frame \
	%D%/fuzz_idx %D%/fuzz_cifar %D%/fuzz_csv %D%/fuzz_npy %D%/fuzz_plugin %D%/fuzz_metrics %D%/fuzz_shapes \
	%D%/fuzz_human %D%/fuzz_jpeg %D%/fuzz_png %D%/fuzz_webp %D%/fuzz_bmp %D%/fuzz_pnm
EXTRA_PROGRAMS += $(fuzz_programs) %D%/make_seeds
fuzz_ldflags = $(AM_LDFLAGS) $(RGM_FUZZ_LDFLAGS)
fuzz_h5_cppflags = $(AM_CPPFLAGS) $(HDF5_CFLAGS) $(XXHASH_CFLAGS)
fuzz_state_libs = libtrain.la libplug.la $(net_rooms) libdata.la libpicture.la libbase.la -lm

%C%_fuzz_config_SOURCES = %D%/fuzz_config.c $(fuzz_shared)
%C%_fuzz_config_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_config_LDADD = libtrain.la libplug.la libpicture.la libbase.la

%C%_fuzz_option_SOURCES = %D%/fuzz_option.c $(fuzz_shared)
%C%_fuzz_option_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_option_LDADD = libtrain.la libplug.la libpicture.la libbase.la

%C%_fuzz_dataset_SOURCES = %D%/fuzz_dataset.c %D%/h5.c %D%/h5.h $(fuzz_shared)
%C%_fuzz_dataset_CPPFLAGS = $(fuzz_h5_cppflags)
%C%_fuzz_dataset_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_dataset_LDADD = libdatasets.la libdata.la libpicture.la libbase.la

%C%_fuzz_checkpoint_SOURCES = %D%/fuzz_checkpoint.c %D%/h5.c %D%/h5.h $(fuzz_shared)
%C%_fuzz_checkpoint_CPPFLAGS = $(fuzz_h5_cppflags)
%C%_fuzz_checkpoint_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_checkpoint_LDADD = $(fuzz_state_libs)

%C%_fuzz_file_SOURCES = %D%/fuzz_file.c %D%/h5.c %D%/h5.h $(fuzz_shared)
%C%_fuzz_file_CPPFLAGS = $(fuzz_h5_cppflags)
%C%_fuzz_file_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_file_LDADD = $(fuzz_state_libs)

%C%_fuzz_frame_SOURCES = %D%/fuzz_frame.c $(fuzz_shared)
%C%_fuzz_frame_CPPFLAGS = $(fuzz_h5_cppflags)
%C%_fuzz_frame_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_frame_LDADD = libdata.la libpicture.la libbase.la

%C%_fuzz_idx_SOURCES = %D%/fuzz_idx.c $(fuzz_shared)
%C%_fuzz_idx_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS)
%C%_fuzz_idx_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_idx_LDADD = libdatasets.la libdata.la libpicture.la libbase.la $(ZLIB_LIBS)

%C%_fuzz_cifar_SOURCES = %D%/fuzz_cifar.c $(fuzz_shared)
%C%_fuzz_cifar_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_cifar_LDADD = libdatasets.la libdata.la libpicture.la libbase.la

%C%_fuzz_csv_SOURCES = %D%/fuzz_csv.c $(fuzz_shared)
%C%_fuzz_csv_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_csv_LDADD = libdatasets.la libdata.la libpicture.la libkernels.la libbase.la -lm

%C%_fuzz_npy_SOURCES = %D%/fuzz_npy.c $(fuzz_shared)
%C%_fuzz_npy_CPPFLAGS = $(AM_CPPFLAGS) $(ZIP_CFLAGS)
%C%_fuzz_npy_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_npy_LDADD = libdatasets.la libdata.la libpicture.la libkernels.la libbase.la $(ZIP_LIBS) -lm

%C%_fuzz_plugin_SOURCES = %D%/fuzz_plugin.c $(fuzz_shared)
%C%_fuzz_plugin_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_plugin_LDADD = libplug.la libpicture.la libkernels.la libbase.la -lm

%C%_fuzz_metrics_SOURCES = %D%/fuzz_metrics.c $(fuzz_shared)
%C%_fuzz_metrics_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_metrics_LDADD = libreport.la libtrain.la libplug.la libpicture.la libbase.la

%C%_fuzz_human_SOURCES = %D%/fuzz_human.c $(fuzz_shared)
%C%_fuzz_human_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_fuzz_human_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_human_LDADD = $(inspect_libs) -lm

%C%_fuzz_shapes_SOURCES = %D%/fuzz_shapes.c $(fuzz_shared)
%C%_fuzz_shapes_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_shapes_LDADD = libbench.la libbase.la

# One source for all kinds of pictures.
%C%_fuzz_jpeg_SOURCES = %D%/fuzz_picture.c $(fuzz_shared)
%C%_fuzz_jpeg_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_KIND=RGM_PICTURE_JPEG
%C%_fuzz_jpeg_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_jpeg_LDADD = libpicture.la libbase.la -lm

%C%_fuzz_png_SOURCES = %D%/fuzz_picture.c $(fuzz_shared)
%C%_fuzz_png_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_KIND=RGM_PICTURE_PNG
%C%_fuzz_png_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_png_LDADD = libpicture.la libbase.la -lm

%C%_fuzz_webp_SOURCES = %D%/fuzz_picture.c $(fuzz_shared)
%C%_fuzz_webp_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_KIND=RGM_PICTURE_WEBP
%C%_fuzz_webp_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_webp_LDADD = libpicture.la libbase.la -lm

%C%_fuzz_bmp_SOURCES = %D%/fuzz_picture.c $(fuzz_shared)
%C%_fuzz_bmp_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_KIND=RGM_PICTURE_BMP
%C%_fuzz_bmp_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_bmp_LDADD = libpicture.la libbase.la -lm

%C%_fuzz_pnm_SOURCES = %D%/fuzz_picture.c $(fuzz_shared)
%C%_fuzz_pnm_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_KIND=RGM_PICTURE_PNM
%C%_fuzz_pnm_LDFLAGS = $(fuzz_ldflags)
%C%_fuzz_pnm_LDADD = libpicture.la libbase.la -lm

%C%_make_seeds_SOURCES = %D%/make_seeds.c $(fuzz_shared) tests/make_set.c tests/make_set.h tests/make_picture.c $(picture_maker)
%C%_make_seeds_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(picture_maker_cppflags)
%C%_make_seeds_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
%C%_make_seeds_LDADD = $(fuzz_state_libs) $(CHECK_LIBS) $(picture_maker_libs)

fuzz: $(fuzz_programs) %D%/make_seeds regimen-try
CLEANFILES += $(fuzz_programs) %D%/make_seeds %D%/run.log %D%/run.trs
endif
EXTRA_DIST += %D%/run.sh
