# Check suites: one program per room, each forking its tests. TESTS run in parallel (make -j check).
test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)

# They start in this order: the longest first, that none is left alone at the end.
long_tests = %D%/trials/sample.sh %D%/faults/sample.sh %D%/cli/plugins_end.sh %D%/check_examples.sh %D%/check_cli.sh %D%/trials/limits.sh tests/bits/bits.sh
TESTS += $(long_tests)
EXTRA_DIST += $(long_tests)

# docs/CONFIG.md's tables are made from the code's: check_options compares them, "make config-rows" writes them.
EXTRA_PROGRAMS += %D%/make_config_rows
tests_make_config_rows_SOURCES = %D%/make_config_rows.c %D%/config_rows.c %D%/config_rows.h
tests_make_config_rows_LDADD = libcli.la libtrain.la libplug.la libpicture.la libbase.la
config-rows: %D%/make_config_rows
	%D%/make_config_rows $(srcdir)/docs/CONFIG.md
.PHONY: config-rows

inspect_libs = librecipe.la libchecks.la libinspect.la librun.la libreport.la libtrain.la libdatasets.la libplug.la libdata.la libpicture.la $(net_rooms) \
	libengine.la libkernels.la libbase.la $(JANSSON_LIBS) $(XXHASH_LIBS)

if HAVE_CHECK
# What many suites share is compiled once. Each is linked with what it calls of it. Not here: what takes the place of libc's
# functions (failing_calls, malloc_probe), which every suite would get.
check_LTLIBRARIES += tests/libhelpers.la
helpers = tests/libhelpers.la
tests_libhelpers_la_SOURCES = %D%/make_picture.c %D%/make_set.c %D%/netrun.c %D%/oracle.c %D%/train_run.c
tests_libhelpers_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(picture_maker_cppflags)
tests_libhelpers_la_CFLAGS = $(test_cflags)

check_PROGRAMS += tests/check_config tests/check_config_values tests/check_suit
TESTS += tests/check_config tests/check_config_values tests/check_suit
tests_check_config_SOURCES = %D%/check_config.c %D%/config_case.c %D%/config_case.h
tests_check_config_CFLAGS = $(test_cflags)
tests_check_config_LDADD = libtrain.la libplug.la libpicture.la libbase.la $(CHECK_LIBS)
tests_check_suit_SOURCES = %D%/check_suit.c
tests_check_suit_CFLAGS = $(test_cflags)
tests_check_suit_LDADD = $(tests_check_config_LDADD)
tests_check_config_values_SOURCES = %D%/check_config_values.c %D%/config_case.c %D%/config_case.h
tests_check_config_values_CFLAGS = $(test_cflags)
tests_check_config_values_LDADD = $(tests_check_config_LDADD)

check_PROGRAMS += tests/check_engine tests/check_matmul
TESTS += tests/check_engine tests/check_matmul
tests_check_engine_SOURCES = %D%/check_engine.c %D%/engine_oracle.h
tests_check_engine_CFLAGS = $(test_cflags)
tests_check_engine_LDADD = libengine.la libbase.la $(CHECK_LIBS)
tests_check_matmul_SOURCES = %D%/check_matmul.c %D%/engine_oracle.h
tests_check_matmul_CFLAGS = $(test_cflags)
tests_check_matmul_LDADD = libengine.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_report
TESTS += tests/check_report
tests_check_report_SOURCES = %D%/check_report.c
tests_check_report_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_check_report_CFLAGS = $(test_cflags)
tests_check_report_LDADD = libreport.la libtrain.la libplug.la libpicture.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_predictions
TESTS += tests/check_predictions
tests_check_predictions_SOURCES = %D%/check_predictions.c
tests_check_predictions_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_check_predictions_CFLAGS = $(test_cflags)
tests_check_predictions_LDADD = $(tests_check_report_LDADD) -lm

check_PROGRAMS += tests/check_html
TESTS += tests/check_html
tests_check_html_SOURCES = %D%/check_html.c
tests_check_html_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_check_html_CFLAGS = $(test_cflags)
tests_check_html_LDADD = $(tests_check_report_LDADD) -lm

check_PROGRAMS += tests/check_chart
TESTS += tests/check_chart
tests_check_chart_SOURCES = %D%/check_chart.c %D%/markup.c %D%/markup.h
tests_check_chart_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_check_chart_CFLAGS = $(test_cflags)
tests_check_chart_LDADD = $(tests_check_report_LDADD) -lm
check_PROGRAMS += tests/check_pairs
TESTS += tests/check_pairs
tests_check_pairs_SOURCES = %D%/check_pairs.c %D%/make_set.c %D%/make_set.h
tests_check_pairs_CPPFLAGS = $(tests_check_inspect_CPPFLAGS)
tests_check_pairs_CFLAGS = $(test_cflags)
tests_check_pairs_LDADD = $(tests_check_inspect_LDADD) -lm

check_PROGRAMS += tests/check_near
TESTS += tests/check_near
tests_check_near_SOURCES = %D%/check_near.c %D%/make_set.c %D%/make_set.h %D%/encoded_case.c %D%/encoded_case.h $(picture_maker)
tests_check_near_CPPFLAGS = $(tests_check_inspect_CPPFLAGS)
tests_check_near_CFLAGS = $(test_cflags)
tests_check_near_LDADD = $(tests_check_inspect_LDADD) -lm

check_PROGRAMS += tests/check_inspect
TESTS += tests/check_inspect
tests_check_inspect_SOURCES = %D%/check_inspect.c %D%/make_set.h %D%/encoded_case.c %D%/encoded_case.h $(picture_maker)
tests_check_inspect_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS) $(picture_maker_cppflags)
tests_check_inspect_CFLAGS = $(test_cflags)
tests_check_inspect_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(picture_maker_libs) $(JANSSON_LIBS)

check_PROGRAMS += tests/check_inspection
TESTS += tests/check_inspection
tests_check_inspection_SOURCES = %D%/check_inspection.c %D%/make_set.c %D%/make_set.h
tests_check_inspection_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS)
tests_check_inspection_CFLAGS = $(test_cflags)
tests_check_inspection_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS)

check_PROGRAMS += tests/check_tensorboard
TESTS += tests/check_tensorboard
tests_check_tensorboard_SOURCES = %D%/check_tensorboard.c %D%/make_set.h
tests_check_tensorboard_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS)
tests_check_tensorboard_CFLAGS = $(test_cflags)
tests_check_tensorboard_LDADD = librun.la libreport.la $(train_libs) $(JANSSON_LIBS)

check_PROGRAMS += tests/check_label
TESTS += tests/check_label
tests_check_label_SOURCES = %D%/check_label.c %D%/markup.c %D%/markup.h %D%/make_set.c %D%/make_set.h %D%/encoded_case.c %D%/encoded_case.h $(picture_maker)
tests_check_label_CPPFLAGS = $(tests_check_inspect_CPPFLAGS)
tests_check_label_CFLAGS = $(test_cflags)
tests_check_label_LDADD = $(tests_check_inspect_LDADD) -lm

check_PROGRAMS += tests/check_run_page
TESTS += tests/check_run_page
tests_check_run_page_SOURCES = %D%/check_run_page.c %D%/check_run_page_parts.c %D%/run_page_case.c %D%/run_page_case.h %D%/markup.c %D%/markup.h
tests_check_run_page_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JANSSON_CFLAGS)
tests_check_run_page_CFLAGS = $(test_cflags)
tests_check_run_page_LDADD = libreport.la $(train_libs) $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/check_bench
TESTS += tests/check_bench
tests_check_bench_SOURCES = %D%/check_bench.c
tests_check_bench_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JANSSON_CFLAGS)
tests_check_bench_CFLAGS = $(test_cflags)
tests_check_bench_LDADD = libbench.la librun.la libreport.la libtrain.la libdatasets.la libplug.la libdata.la libpicture.la $(net_rooms) \
	libengine.la libkernels.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_bench_ops
TESTS += tests/check_bench_ops
tests_check_bench_ops_SOURCES = %D%/check_bench_ops.c
tests_check_bench_ops_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JANSSON_CFLAGS)
tests_check_bench_ops_CFLAGS = $(test_cflags)
tests_check_bench_ops_LDADD = $(tests_check_bench_LDADD)

check_PROGRAMS += tests/check_options
TESTS += tests/check_options
tests_check_options_SOURCES = %D%/check_options.c %D%/config_rows.c %D%/config_rows.h
tests_check_options_CFLAGS = $(test_cflags)
tests_check_options_LDADD = libcli.la libtrain.la libplug.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_interrupt
TESTS += tests/check_interrupt
tests_check_interrupt_SOURCES = %D%/check_interrupt.c %D%/sanitized.h
tests_check_interrupt_CFLAGS = $(test_cflags)
tests_check_interrupt_LDADD = $(tests_check_options_LDADD)
endif

# Pictures beside Pillow's.
check_PROGRAMS += tests/picture_pixels
tests_picture_pixels_SOURCES = %D%/picture_pixels.c
tests_picture_pixels_LDADD = libpicture.la libbase.la
TESTS += %D%/check_pillow.sh
EXTRA_DIST += %D%/check_pillow.sh

# Encoded pictures made in memory, for whoever needs some; pictures and an oracle.
picture_maker = %D%/make_picture.h
picture_maker_cppflags = $(JPEG_CFLAGS) $(SPNG_CFLAGS) $(WEBP_CFLAGS)
picture_maker_libs = $(JPEG_LIBS) $(SPNG_LIBS) $(WEBP_LIBS) -lm
if HAVE_CHECK
picture_tests = tests/check_picture tests/check_picture_jpeg tests/check_picture_damage tests/check_resize \
	tests/check_transform
check_PROGRAMS += $(picture_tests)
TESTS += $(picture_tests)
picture_case = %D%/picture_case.c %D%/picture_case.h $(picture_maker)
tests_check_picture_SOURCES = %D%/check_picture.c %D%/malloc_probe.c %D%/malloc_probe.h %D%/sanitized.h $(picture_case)
tests_check_picture_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(picture_maker_cppflags)
tests_check_picture_CFLAGS = $(test_cflags)
tests_check_picture_LDADD = $(helpers) libpicture.la libbase.la $(CHECK_LIBS) $(picture_maker_libs)
check_PROGRAMS += tests/resize_pixels
TESTS += %D%/check_pillow_resize.sh
EXTRA_DIST += %D%/check_pillow_resize.sh

TESTS += %D%/check_answers.sh
EXTRA_DIST += %D%/check_answers.sh
tests_resize_pixels_SOURCES = %D%/resize_pixels.c
tests_resize_pixels_LDADD = libpicture.la libkernels.la libbase.la -lm
tests_check_resize_SOURCES = %D%/check_resize.c
tests_check_resize_CFLAGS = $(test_cflags)
tests_check_resize_LDADD = libpicture.la libkernels.la libbase.la $(CHECK_LIBS) -lm
tests_check_transform_SOURCES = %D%/check_transform.c $(picture_case)
tests_check_transform_CPPFLAGS = $(tests_check_picture_CPPFLAGS)
tests_check_transform_CFLAGS = $(test_cflags)
tests_check_transform_LDADD = $(helpers) libpicture.la libkernels.la libbase.la $(CHECK_LIBS) $(picture_maker_libs)
tests_check_picture_damage_SOURCES = %D%/check_picture_damage.c $(picture_case)
tests_check_picture_damage_CPPFLAGS = $(tests_check_picture_CPPFLAGS)
tests_check_picture_damage_CFLAGS = $(test_cflags)
tests_check_picture_damage_LDADD = $(tests_check_picture_LDADD)
tests_check_picture_jpeg_SOURCES = %D%/check_picture_jpeg.c $(picture_case)
tests_check_picture_jpeg_CPPFLAGS = $(tests_check_picture_CPPFLAGS)
tests_check_picture_jpeg_CFLAGS = $(test_cflags)
tests_check_picture_jpeg_LDADD = $(tests_check_picture_LDADD)
endif

TESTS += %D%/check_compare.sh %D%/check_layers.sh %D%/check_install.sh %D%/check_library.sh
EXTRA_DIST += %D%/check_compare.sh %D%/check_layers.sh %D%/check_install.sh %D%/check_library.sh
if HAVE_CHECK
base_tests = %D%/check_base %D%/check_log %D%/check_altstack %D%/check_rng %D%/check_team %D%/check_machine
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
tests_check_base_SOURCES = %D%/check_base.c
tests_check_base_CFLAGS = $(test_cflags)
tests_check_base_LDADD = libbase.la $(CHECK_LIBS)
tests_check_log_SOURCES = %D%/check_log.c
tests_check_log_CFLAGS = $(test_cflags)
tests_check_log_LDADD = libbase.la $(CHECK_LIBS)
tests_check_altstack_SOURCES = %D%/check_altstack.c %D%/sanitized.h
tests_check_altstack_CFLAGS = $(test_cflags)
tests_check_altstack_LDADD = libbase.la $(CHECK_LIBS)
tests_check_rng_SOURCES = %D%/check_rng.c
tests_check_rng_CFLAGS = $(test_cflags)
if HAVE_RANDOM123
tests_check_rng_CPPFLAGS = $(AM_CPPFLAGS) -DHAVE_RANDOM123=1
endif
tests_check_rng_LDADD = libbase.la $(CHECK_LIBS) -lm
tests_check_team_SOURCES = %D%/check_team.c %D%/sanitized.h
tests_check_team_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_check_team_CFLAGS = $(test_cflags)
tests_check_team_LDADD = libbase.la $(CHECK_LIBS) -lm
tests_check_machine_SOURCES = %D%/check_machine.c
tests_check_machine_CFLAGS = $(test_cflags)
tests_check_machine_LDADD = libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_encoded
TESTS += tests/check_encoded
tests_check_encoded_SOURCES = %D%/check_encoded.c %D%/make_set.h %D%/encoded_case.c %D%/encoded_case.h $(picture_maker)
tests_check_encoded_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(XXHASH_CFLAGS) $(picture_maker_cppflags)
tests_check_encoded_CFLAGS = $(test_cflags)
tests_check_encoded_LDADD = $(helpers) libdatasets.la libdata.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS) $(picture_maker_libs)

check_PROGRAMS += tests/check_data tests/check_data_memory tests/check_picture_names tests/check_split
TESTS += tests/check_data tests/check_data_memory tests/check_picture_names tests/check_split
tests_check_data_memory_SOURCES = %D%/check_data_memory.c %D%/make_set.h
tests_check_data_memory_CPPFLAGS = $(tests_check_data_CPPFLAGS)
tests_check_data_memory_CFLAGS = $(test_cflags)
tests_check_data_memory_LDADD = $(tests_check_data_LDADD)
tests_check_data_SOURCES = %D%/check_data.c %D%/make_set.h
tests_check_data_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_data_CFLAGS = $(test_cflags)
tests_check_data_LDADD = $(helpers) libdatasets.la libdata.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS)
tests_check_picture_names_SOURCES = %D%/check_picture_names.c %D%/make_set.h
tests_check_picture_names_CPPFLAGS = $(tests_check_data_CPPFLAGS)
tests_check_picture_names_CFLAGS = $(test_cflags)
tests_check_picture_names_LDADD = $(tests_check_data_LDADD)
tests_check_split_SOURCES = %D%/check_split.c %D%/make_set.h
tests_check_split_CPPFLAGS = $(tests_check_data_CPPFLAGS)
tests_check_split_CFLAGS = $(test_cflags)
tests_check_split_LDADD = $(tests_check_data_LDADD)

check_PROGRAMS += tests/check_reading
TESTS += tests/check_reading
failing_calls = %D%/failing_calls.c %D%/failing_calls.h
# What a suite tries foreign files in.
$(check_PROGRAMS): | regimen-try$(EXEEXT)
# A helper program whose reads go wrong.
check_PROGRAMS += tests/try/regimen-try
tests_try_regimen_try_SOURCES = core/try/main.c %D%/try/acting.c
tests_try_regimen_try_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_try_regimen_try_LDFLAGS = $(regimen_try_LDFLAGS)
tests_try_regimen_try_LDADD = $(regimen_try_LDADD)
first_reader = %D%/first_reader.c %D%/first_reader.h
first_reader_cppflags = -DRGM_TRY_FOLDER='"$(abs_top_builddir)/tests/try"'
tests_check_reading_SOURCES = %D%/check_reading.c %D%/make_set.h $(failing_calls) $(first_reader)
tests_check_reading_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(first_reader_cppflags)
EXTRA_tests_check_reading_DEPENDENCIES = tests/try/regimen-try$(EXEEXT)
tests_check_reading_CFLAGS = $(test_cflags)
tests_check_reading_LDADD = $(helpers) libdatasets.la libdata.la libpicture.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_fingerprint
TESTS += tests/check_fingerprint
tests_check_fingerprint_SOURCES = %D%/check_fingerprint.c %D%/make_set.h
tests_check_fingerprint_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_fingerprint_CFLAGS = $(test_cflags)
tests_check_fingerprint_LDADD = $(helpers) libdatasets.la libdata.la libpicture.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_frame
TESTS += tests/check_frame
tests_check_frame_SOURCES = %D%/check_frame.c %D%/make_set.h %D%/sanitized.h
tests_check_frame_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_frame_CFLAGS = $(test_cflags)
tests_check_frame_LDADD = $(helpers) libdatasets.la libdata.la libpicture.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_batch
TESTS += tests/check_batch
tests_check_batch_SOURCES = %D%/check_batch.c %D%/make_set.h $(failing_calls)
tests_check_batch_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_batch_CFLAGS = $(test_cflags)
tests_check_batch_LDADD = $(helpers) libdata.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS)
endif

# kerncheck draws its own closing line like Check's; it needs no Check.
check_PROGRAMS += tests/kerncheck
TESTS += tests/kerncheck %D%/check_symbols.sh %D%/check_spills.sh
EXTRA_DIST += %D%/check_symbols.sh %D%/check_spills.sh
tests_kerncheck_SOURCES = %D%/kerncheck.c %D%/kerncheck.h %D%/kerncheck_harness.c %D%/kerncheck_elementwise.c \
	%D%/kerncheck_reduce.c %D%/kerncheck_bnorm.c %D%/kerncheck_pool.c %D%/kerncheck_loss.c %D%/kerncheck_image.c \
	%D%/kerncheck_resize.c %D%/kerncheck_gemm.c %D%/kerncheck_conv.c
tests_kerncheck_LDADD = libkernels.la
# Plugins for the loader's tests: good ones, broken ones, the example of docs/PLUGINS.md, and all of Regimen's own compiled
# with headers whose structs are a field longer and a field shorter.
if HAVE_CHECK
check_PROGRAMS += tests/check_plug
TESTS += tests/check_plug
tests_check_plug_SOURCES = %D%/check_plug.c %D%/check_plug_params.c %D%/check_plug_augment.c %D%/check_plug_builtin.c %D%/check_plug_update.c \
	%D%/check_plug_promises.c %D%/check_plug_window.c %D%/check_plug.h %D%/sanitized.h
tests_check_plug_CPPFLAGS = $(AM_CPPFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
tests_check_plug_CFLAGS = $(test_cflags)
tests_check_plug_LDADD = libplug.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS)
tests_check_plug_DEPENDENCIES = $(plugin_LTLIBRARIES) libplug.la libpicture.la libkernels.la libbase.la \
	tests/fixtures/same.stamp tests/fixtures/longer.stamp tests/fixtures/shorter.stamp

check_PROGRAMS += tests/check_helper
TESTS += tests/check_helper
tests_check_helper_SOURCES = %D%/check_helper.c %D%/make_set.h
tests_check_helper_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
tests_check_helper_CFLAGS = $(test_cflags)
tests_check_helper_LDADD = $(helpers) libplug.la libdata.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS)
EXTRA_tests_check_helper_DEPENDENCIES = tests/fixtures/same.stamp

check_PROGRAMS += tests/check_import
TESTS += tests/check_import
tests_check_import_SOURCES = %D%/check_import.c %D%/make_set.h $(failing_calls)
tests_check_import_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(ZLIB_CFLAGS)
tests_check_import_CFLAGS = $(test_cflags)
tests_check_import_LDADD = $(helpers) libdatasets.la libdata.la libpicture.la libbase.la $(CHECK_LIBS) $(ZLIB_LIBS)

import_tests = tests/check_import_folder tests/check_import_quarantine tests/check_import_resume tests/check_import_lists
check_PROGRAMS += $(import_tests)
TESTS += $(import_tests)
import_case = %D%/import_case.c %D%/import_case.h %D%/make_set.h $(picture_maker)
import_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(picture_maker_cppflags)
import_libs = $(helpers) libdatasets.la libdata.la libpicture.la libkernels.la libbase.la $(CHECK_LIBS) $(picture_maker_libs)
tests_check_import_folder_SOURCES = %D%/check_import_folder.c $(import_case)
tests_check_import_folder_CPPFLAGS = $(import_cppflags)
tests_check_import_folder_CFLAGS = $(test_cflags)
tests_check_import_folder_LDADD = $(import_libs)
tests_check_import_quarantine_SOURCES = %D%/check_import_quarantine.c $(import_case)
tests_check_import_quarantine_CPPFLAGS = $(import_cppflags)
tests_check_import_quarantine_CFLAGS = $(test_cflags)
tests_check_import_quarantine_LDADD = $(import_libs)
tests_check_import_resume_SOURCES = %D%/check_import_resume.c $(import_case) $(failing_calls)
tests_check_import_resume_CPPFLAGS = $(import_cppflags)
tests_check_import_resume_CFLAGS = $(test_cflags)
tests_check_import_resume_LDADD = $(import_libs)
tests_check_import_lists_SOURCES = %D%/check_import_lists.c $(import_case)
tests_check_import_lists_CPPFLAGS = $(import_cppflags) $(ZIP_CFLAGS)
tests_check_import_lists_CFLAGS = $(test_cflags)
tests_check_import_lists_LDADD = $(import_libs) $(ZIP_LIBS)

check_PROGRAMS += tests/check_import_groups
TESTS += tests/check_import_groups
tests_check_import_groups_SOURCES = %D%/check_import_groups.c $(import_case)
tests_check_import_groups_CPPFLAGS = $(import_cppflags)
tests_check_import_groups_CFLAGS = $(test_cflags)
tests_check_import_groups_LDADD = $(tests_check_inspect_LDADD) -lm
endif

fixture_cc = $(CC) $(RGM_CFLAGS) $(RGM_WARNINGS) $(CFLAGS) $(RGM_LDFLAGS) -fPIC -shared
fixture_sources = adam constant cosine crop cross_entropy cutout dropout flip he normal onecycle orthogonal random_erasing resized_crop sgd step truncated_normal warmup \
	weight_decay xavier
fixture_broken = CRASH EXIT FP HANG LARGE MAGIC SIGNALS SLOT SYMBOL UNDEFINED VERSION
fixture_dropouts = PLAIN INPUT OUTPUT ALWAYS SCRATCH CUT MIXED
fixture_files = %D%/fixtures/alter.awk
fixture_files += %D%/fixtures/good.c
fixture_files += %D%/fixtures/broken.c
fixture_files += %D%/fixtures/dropout.c
fixture_files += %D%/fixtures/scoped.c
fixture_files += %D%/fixtures/fails.c
fixture_files += %D%/fixtures/keeper.c
fixture_files += %D%/fixtures/hurt.c
fixture_files += %D%/fixtures/versions.c
fixture_files += %D%/fixtures/window.c
fixture_files += %D%/fixtures/losses.c
fixture_files += %D%/fixtures/astray.c

tests/fixtures/same.stamp: $(fixture_files) docs/PLUGINS.md include/regimen/plugin.h
	$(AM_V_GEN)$(MKDIR_P) tests/fixtures
	@n=0; for p in brightness square; do n=$$((n + 1)); \
	  awk -v n=$$n '/^```/ { inside = /^```c$$/; i += inside; next } inside && i == n' $(srcdir)/docs/PLUGINS.md \
	    >tests/fixtures/$$p.c && \
	  $(fixture_cc) -I$(srcdir)/include tests/fixtures/$$p.c -o tests/fixtures/$$p.so || exit 1; done
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/good.c -o tests/fixtures/good.so
	@for b in $(fixture_broken); do \
	  $(fixture_cc) -I$(srcdir)/include -DBROKEN_$$b $(srcdir)/tests/fixtures/broken.c \
	    -o tests/fixtures/broken_$$b.so || exit 1; done
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/window.c -o tests/fixtures/window.so
	@$(MKDIR_P) tests/fixtures/wrong
	@for w in IN_PLACE NEITHER; do \
	  $(fixture_cc) -I$(srcdir)/include -D$$w $(srcdir)/tests/fixtures/window.c -o tests/fixtures/wrong/window_$$w.so || exit 1; done
	@$(MKDIR_P) tests/fixtures/train
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/scoped.c -o tests/fixtures/train/scoped.so
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/keeper.c -o tests/fixtures/train/keeper.so
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/hurt.c -o tests/fixtures/train/hurt.so
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/astray.c -o tests/fixtures/train/astray.so
	@for v in 1 2 3; do \
	  $(fixture_cc) -I$(srcdir)/include -DVERSION=$$v $(srcdir)/tests/fixtures/versions.c \
	    -o tests/fixtures/train/versions_$$v.so || exit 1; done
	@$(fixture_cc) -I$(srcdir)/include -DVERSION=1 -DOTHER $(srcdir)/tests/fixtures/versions.c \
	  -o tests/fixtures/train/versions_1b.so
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/fails.c -o tests/fixtures/train/fails.so
	@$(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/fixtures/losses.c -o tests/fixtures/train/losses.so
	@for d in $(fixture_dropouts); do \
	  $(fixture_cc) -I$(srcdir)/include -DDROPOUT_$$d $(srcdir)/tests/fixtures/dropout.c \
	    -o tests/fixtures/train/dropout_$$d.so || exit 1; done
	@touch $@

tests/fixtures/longer.stamp tests/fixtures/shorter.stamp: $(fixture_files) include/regimen/plugin.h $(plugin_LTLIBRARIES)
	$(AM_V_GEN)how=`basename $@ .stamp`; d=tests/fixtures/$$how; $(MKDIR_P) $$d/regimen $$d/plugins && \
	awk -v how=$$how -f $(srcdir)/tests/fixtures/alter.awk $(srcdir)/include/regimen/plugin.h >$$d/regimen/plugin.h && \
	echo "#define RGM_TEST_$$how 1" | tr a-z A-Z | sed 's/DEFINE/define/' >>$$d/regimen/plugin.h && \
	$(fixture_cc) -I$$d $(srcdir)/tests/fixtures/good.c -o $$d/good.so && \
	for p in $(fixture_sources); do \
	  $(fixture_cc) -I$$d $(srcdir)/plugins/$$p.c -o $$d/plugins/$$p.so -lm || exit 1; done
	@touch $@

TESTS += %D%/check_headers.sh %D%/check_documents.sh
EXTRA_DIST += $(fixture_files) %D%/check_headers.sh %D%/check_documents.sh docs/PLUGINS.md
CLEANFILES += tests/faults/*.stamp tests/faults/plugins/*.so tests/fixtures/*.stamp tests/fixtures/*.so tests/fixtures/brightness.c tests/fixtures/square.c tests/fixtures/*/*.so \
	tests/fixtures/*/*/*.so tests/fixtures/*/regimen/plugin.h

if HAVE_CHECK
checkpoint_tests = tests/check_checkpoint tests/check_weights tests/check_checkpoint_reads
check_PROGRAMS += $(checkpoint_tests)
TESTS += $(checkpoint_tests)
checkpoint_ldadd = libtrain.la libplug.la $(net_rooms) libdata.la libpicture.la libbase.la $(CHECK_LIBS) -lm
tests_check_checkpoint_SOURCES = %D%/check_checkpoint.c %D%/checkpoint_states.c %D%/checkpoint_states.h %D%/test_checkpoint.h \
	%D%/checkpoint_v1.c %D%/checkpoint_v1.h
tests_check_checkpoint_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS)
tests_check_checkpoint_CFLAGS = $(test_cflags)
tests_check_checkpoint_LDADD = $(checkpoint_ldadd)
tests_check_checkpoint_reads_SOURCES = %D%/check_checkpoint_reads.c %D%/checkpoint_states.c %D%/checkpoint_states.h %D%/test_checkpoint.h \
	$(failing_calls) $(first_reader)
tests_check_checkpoint_reads_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(first_reader_cppflags)
EXTRA_tests_check_checkpoint_reads_DEPENDENCIES = tests/try/regimen-try$(EXEEXT)
tests_check_checkpoint_reads_CFLAGS = $(test_cflags)
tests_check_checkpoint_reads_LDADD = $(checkpoint_ldadd)
tests_check_weights_SOURCES = %D%/check_weights.c %D%/checkpoint_states.c %D%/checkpoint_states.h %D%/test_checkpoint.h
tests_check_weights_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS)
tests_check_weights_CFLAGS = $(test_cflags)
tests_check_weights_LDADD = $(checkpoint_ldadd)

check_PROGRAMS += tests/check_peer
TESTS += tests/check_peer
tests_check_peer_SOURCES = %D%/check_peer.c %D%/make_set.h
tests_check_peer_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DSOURCE_FOLDER='"$(abs_srcdir)"'
tests_check_peer_CFLAGS = $(test_cflags)
tests_check_peer_LDADD = $(helpers) libtrain.la libplug.la libdata.la libpicture.la $(net_rooms) libengine.la libkernels.la libbase.la \
	$(CHECK_LIBS) -lm
endif

if HAVE_CHECK
net_tests = %D%/check_graph %D%/check_finish %D%/check_layout %D%/check_passes %D%/check_ops %D%/check_conv %D%/check_tuning %D%/check_net \
	%D%/check_golden
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
net_libs = $(helpers) $(net_rooms) libengine.la libkernels.la libbase.la $(CHECK_LIBS) -lm
net_helpers = %D%/netrun.h %D%/oracle.h %D%/sanitized.h
tests_check_tuning_SOURCES = %D%/check_tuning.c %D%/kernels_reference4.c $(net_helpers)
tests_check_tuning_CFLAGS = $(test_cflags)
tests_check_tuning_LDADD = $(net_libs)
tests_check_conv_SOURCES = %D%/check_conv.c $(net_helpers)
tests_check_conv_CFLAGS = $(test_cflags)
tests_check_conv_LDADD = $(net_libs)
tests_check_ops_SOURCES = %D%/check_ops.c %D%/netcase.c %D%/netcase.h $(net_helpers)
tests_check_ops_CFLAGS = $(test_cflags)
tests_check_ops_LDADD = $(net_libs)
tests_check_finish_SOURCES = %D%/check_finish.c $(net_helpers)
tests_check_finish_CFLAGS = $(test_cflags)
tests_check_finish_LDADD = $(net_libs)
tests_check_passes_SOURCES = %D%/check_passes.c $(net_helpers)
tests_check_passes_CFLAGS = $(test_cflags)
tests_check_passes_LDADD = $(net_libs)
tests_check_layout_SOURCES = %D%/check_layout.c
tests_check_layout_CFLAGS = $(test_cflags)
tests_check_layout_LDADD = $(net_libs)
tests_check_graph_SOURCES = %D%/check_graph.c $(net_helpers)
tests_check_graph_CFLAGS = $(test_cflags)
tests_check_graph_LDADD = $(net_libs)
check_PROGRAMS += tests/check_input_gradient
TESTS += tests/check_input_gradient
tests_check_input_gradient_SOURCES = %D%/check_input_gradient.c $(net_helpers)
tests_check_input_gradient_CFLAGS = $(test_cflags)
tests_check_input_gradient_LDADD = $(net_libs)
tests_check_net_SOURCES = %D%/check_net.c $(net_helpers)
tests_check_net_CFLAGS = $(test_cflags)
tests_check_net_LDADD = $(net_libs)
tests_check_golden_SOURCES = %D%/check_golden.c $(net_helpers)
tests_check_golden_CPPFLAGS = $(AM_CPPFLAGS) -DRGM_GOLDEN='"$(abs_top_srcdir)/tests/golden"'
tests_check_golden_CFLAGS = $(test_cflags)
tests_check_golden_LDADD = $(net_libs)
EXTRA_DIST += %D%/golden/README.md %D%/golden/make_golden.py %D%/golden/resnet20.golden \
	%D%/golden/resnet20-narrow.golden %D%/golden/resnet50.golden %D%/golden/resnet50-narrow.golden
endif

# Whole runs. The programs use the plugins of this build.
command_tests =
command_tests += %D%/cli/bootstrap.sh
command_tests += %D%/cli/compare.sh
command_tests += %D%/cli/defaults.sh
command_tests += %D%/cli/exclude.sh
command_tests += %D%/cli/import.sh
command_tests += %D%/cli/inspect.sh
command_tests += %D%/cli/inspect_model.sh
command_tests += %D%/cli/label.sh
command_tests += %D%/cli/model.sh
command_tests += %D%/cli/predict.sh
command_tests += %D%/cli/refused.sh
command_tests += %D%/cli/refused_pictures.sh
command_tests += %D%/cli/report.sh
command_tests += %D%/cli/tensorboard.sh
command_tests += %D%/cli/way_on.sh
TESTS += $(command_tests)
EXTRA_DIST += $(command_tests) %D%/cli/common.sh
check_DATA = tests/fixtures/same.stamp
if HAVE_CHECK
train_tests = tests/check_advice tests/check_augment tests/check_init tests/check_train tests/check_train_edge tests/check_train_plug \
	tests/check_resume
check_PROGRAMS += $(train_tests)
TESTS += $(train_tests)
train_helpers = %D%/train_run.h %D%/make_set.h
train_libs = $(helpers) libtrain.la libdatasets.la libplug.la libdata.la libpicture.la $(net_rooms) libengine.la libkernels.la libbase.la \
	$(CHECK_LIBS) -lm
tests_check_advice_SOURCES = %D%/check_advice.c $(train_helpers)
tests_check_advice_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_advice_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_advice_CFLAGS = $(test_cflags)
tests_check_advice_LDADD = $(train_libs)
tests_check_augment_SOURCES = %D%/check_augment.c $(train_helpers)
tests_check_augment_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_augment_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_augment_CFLAGS = $(test_cflags)
tests_check_augment_LDADD = $(train_libs)
check_PROGRAMS += tests/check_develop
TESTS += tests/check_develop
tests_check_develop_SOURCES = %D%/check_develop.c $(train_helpers) %D%/encoded_case.c %D%/encoded_case.h $(picture_maker)
tests_check_develop_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) $(picture_maker_cppflags)
tests_check_develop_CFLAGS = $(test_cflags)
tests_check_develop_LDADD = $(train_libs) $(picture_maker_libs)
tests_check_train_SOURCES = %D%/check_train.c $(train_helpers)
tests_check_train_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS)
tests_check_train_CFLAGS = $(test_cflags)
tests_check_train_LDADD = $(train_libs)
tests_check_init_SOURCES = %D%/check_init.c $(train_helpers)
tests_check_init_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_init_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_init_CFLAGS = $(test_cflags)
tests_check_init_LDADD = $(train_libs)
tests_check_train_edge_SOURCES = %D%/check_train_edge.c $(train_helpers)
tests_check_train_edge_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_train_edge_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_train_edge_CFLAGS = $(test_cflags)
tests_check_train_edge_LDADD = $(train_libs)
tests_check_resume_SOURCES = %D%/check_resume.c %D%/checkpoint_v1.c %D%/checkpoint_v1.h %D%/test_checkpoint.h $(train_helpers)
tests_check_resume_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_resume_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_resume_CFLAGS = $(test_cflags)
tests_check_resume_LDADD = $(train_libs)

tests_check_train_plug_SOURCES = %D%/check_train_plug.c $(train_helpers)
tests_check_train_plug_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_train_plug_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_train_plug_CFLAGS = $(test_cflags)
tests_check_train_plug_LDADD = $(train_libs)

# Many sessions in one process.
check_PROGRAMS += tests/check_sessions
TESTS += tests/check_sessions
tests_check_sessions_SOURCES = %D%/check_sessions.c %D%/usage.c %D%/usage.h $(train_helpers)
tests_check_sessions_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_sessions_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_sessions_CFLAGS = $(test_cflags)
tests_check_sessions_LDADD = $(train_libs)

# The data of trainings: borrowed sets, sets in memory, none.
check_PROGRAMS += tests/check_train_data
TESTS += tests/check_train_data
tests_check_train_data_SOURCES = %D%/check_train_data.c %D%/make_set.h $(failing_calls)
tests_check_train_data_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_train_data_CFLAGS = $(test_cflags) -pthread
tests_check_train_data_LDADD = $(train_libs)

check_PROGRAMS += tests/check_exclude
TESTS += tests/check_exclude
tests_check_exclude_SOURCES = %D%/check_exclude.c %D%/make_set.h
tests_check_exclude_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS)
tests_check_exclude_CFLAGS = $(test_cflags)
tests_check_exclude_LDADD = libreport.la $(train_libs) $(JANSSON_LIBS)

# What a model says of a set: figures, label errors, folds.
check_PROGRAMS += tests/check_label_errors
TESTS += tests/check_label_errors
tests_check_label_errors_SOURCES = %D%/check_label_errors.c
tests_check_label_errors_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JANSSON_CFLAGS)
tests_check_label_errors_CFLAGS = $(test_cflags)
tests_check_label_errors_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS)

# Checks of the data, and of what enters the net.
check_PROGRAMS += tests/check_checks_data
TESTS += tests/check_checks_data
tests_check_checks_data_SOURCES = %D%/check_checks_data.c %D%/checks_case.c %D%/checks_case.h %D%/make_set.c %D%/make_set.h
tests_check_checks_data_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS)
tests_check_checks_data_CFLAGS = $(test_cflags)
tests_check_checks_data_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/check_checks_pixels
TESTS += tests/check_checks_pixels
tests_check_checks_pixels_SOURCES = %D%/check_checks_pixels.c %D%/checks_case.c %D%/checks_case.h %D%/make_set.c %D%/make_set.h
tests_check_checks_pixels_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS)
tests_check_checks_pixels_CFLAGS = $(test_cflags)
tests_check_checks_pixels_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/check_checks_input
TESTS += tests/check_checks_input
tests_check_checks_input_SOURCES = %D%/check_checks_input.c %D%/checks_case.c %D%/checks_case.h %D%/make_set.c %D%/make_set.h
tests_check_checks_input_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS)
tests_check_checks_input_CFLAGS = $(test_cflags)
tests_check_checks_input_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS) -lm
# The checks of a net, of its start and of the loss.
checks_tests = tests/check_checks_model tests/check_checks_start tests/check_checks_loss
check_PROGRAMS += $(checks_tests)
TESTS += $(checks_tests)
checks_helpers = %D%/verdict_case.c %D%/verdict_case.h $(train_helpers)
checks_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
checks_libs = $(helpers) librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS)
tests_check_checks_model_SOURCES = %D%/check_checks_model.c $(checks_helpers)
tests_check_checks_model_CPPFLAGS = $(checks_cppflags)
EXTRA_tests_check_checks_model_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_checks_model_CFLAGS = $(test_cflags)
tests_check_checks_model_LDADD = $(checks_libs)
tests_check_checks_start_SOURCES = %D%/check_checks_start.c $(checks_helpers)
tests_check_checks_start_CPPFLAGS = $(checks_cppflags)
EXTRA_tests_check_checks_start_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_checks_start_CFLAGS = $(test_cflags)
tests_check_checks_start_LDADD = $(checks_libs)
tests_check_checks_loss_SOURCES = %D%/check_checks_loss.c $(checks_helpers)
tests_check_checks_loss_CPPFLAGS = $(checks_cppflags)
EXTRA_tests_check_checks_loss_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_checks_loss_CFLAGS = $(test_cflags)
tests_check_checks_loss_LDADD = $(checks_libs)

# How a run ends: what is saved then, and what is not.
check_PROGRAMS += tests/check_run_end
TESTS += tests/check_run_end
tests_check_run_end_SOURCES = %D%/check_run_end.c $(train_helpers)
tests_check_run_end_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_run_end_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_run_end_CFLAGS = $(test_cflags)
tests_check_run_end_LDADD = $(train_libs)

# The checks of a set-up.
check_PROGRAMS += tests/check_checks_step
TESTS += tests/check_checks_step
tests_check_checks_step_SOURCES = %D%/check_checks_step.c %D%/one_check.c %D%/one_check.h $(train_helpers)
tests_check_checks_step_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_checks_step_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_checks_step_CFLAGS = $(test_cflags)
tests_check_checks_step_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS) $(XXHASH_LIBS)

check_PROGRAMS += tests/check_checks_run
TESTS += tests/check_checks_run
tests_check_checks_run_SOURCES = %D%/check_checks_run.c %D%/one_check.c %D%/one_check.h $(train_helpers)
tests_check_checks_run_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_checks_run_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_checks_run_CFLAGS = $(test_cflags)
tests_check_checks_run_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS) $(XXHASH_LIBS)

check_PROGRAMS += tests/check_checks_training
TESTS += tests/check_checks_training
tests_check_checks_training_SOURCES = %D%/check_checks_training.c %D%/one_check.c %D%/one_check.h $(train_helpers)
tests_check_checks_training_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_checks_training_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_checks_training_CFLAGS = $(test_cflags)
tests_check_checks_training_LDADD = librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS) $(XXHASH_LIBS)

# A run by itself, as every caller has it.
check_PROGRAMS += tests/check_run
TESTS += tests/check_run
tests_check_run_SOURCES = %D%/check_run.c %D%/heard.c %D%/heard.h $(train_helpers)
tests_check_run_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS) \
	-DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_run_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_run_CFLAGS = $(test_cflags)
tests_check_run_LDADD = $(helpers) libcli.la libbench.la liblibrary.la librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS)

# The public library, as a program has it that uses it.
library_tests = tests/check_library tests/check_library_train tests/check_library_many tests/check_library_model \
	tests/check_library_data tests/check_library_pictures tests/check_library_saved
check_PROGRAMS += $(library_tests)
TESTS += $(library_tests)
library_helpers = %D%/library_case.c %D%/library_case.h %D%/sanitized.h $(train_helpers)
library_ground = %D%/library_ground.c %D%/library_ground.h $(library_helpers)
library_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(XXHASH_CFLAGS) -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
library_libs = $(helpers) liblibrary.la librun.la libreport.la $(train_libs) $(HDF5_LIBS)
tests_check_library_SOURCES = %D%/check_library.c $(library_helpers)
tests_check_library_CPPFLAGS = $(library_cppflags)
tests_check_library_CFLAGS = $(test_cflags)
tests_check_library_LDADD = $(library_libs)
tests_check_library_data_SOURCES = %D%/check_library_data.c $(library_helpers)
tests_check_library_data_CPPFLAGS = $(library_cppflags)
tests_check_library_data_CFLAGS = $(test_cflags)
tests_check_library_data_LDADD = $(library_libs)
tests_check_library_pictures_SOURCES = %D%/check_library_pictures.c $(library_ground)
tests_check_library_pictures_CPPFLAGS = $(library_cppflags)
tests_check_library_pictures_CFLAGS = $(test_cflags)
tests_check_library_pictures_LDADD = $(library_libs)
tests_check_library_train_SOURCES = %D%/check_library_train.c $(library_ground)
tests_check_library_train_CPPFLAGS = $(library_cppflags)
tests_check_library_train_CFLAGS = $(test_cflags)
tests_check_library_train_LDADD = $(library_libs)
tests_check_library_many_SOURCES = %D%/check_library_many.c %D%/usage.c %D%/usage.h $(library_helpers)
tests_check_library_many_CPPFLAGS = $(library_cppflags)
tests_check_library_many_CFLAGS = $(test_cflags)
tests_check_library_many_LDADD = $(library_libs)
tests_check_library_model_SOURCES = %D%/check_library_model.c $(library_ground)
tests_check_library_model_CPPFLAGS = $(library_cppflags)
tests_check_library_model_CFLAGS = $(test_cflags)
tests_check_library_model_LDADD = $(library_libs)
tests_check_library_saved_SOURCES = %D%/check_library_saved.c $(library_ground)
tests_check_library_saved_CPPFLAGS = $(library_cppflags)
tests_check_library_saved_CFLAGS = $(test_cflags)
tests_check_library_saved_LDADD = $(library_libs)

# The shared library, in a program that has everything of its own.
check_PROGRAMS += tests/check_host
TESTS += tests/check_host
tests_check_host_SOURCES = %D%/check_host.c %D%/host_state.c %D%/host_state.h %D%/library_case.c %D%/library_case.h %D%/sanitized.h
tests_check_host_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_host_CFLAGS = $(test_cflags) $(TEAM_CFLAGS)
tests_check_host_LDADD = libregimen.la $(CHECK_LIBS) $(HDF5_LIBS) $(TEAM_LIBS) -lm

# The run folder as the command keeps it, whatever ends the process.
check_PROGRAMS += tests/check_run_folder
TESTS += tests/check_run_folder
tests_check_run_folder_SOURCES = %D%/check_run_folder.c $(train_helpers)
tests_check_run_folder_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS) $(JANSSON_CFLAGS) \
	-DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"' -DRGM_FILES_MD='"$(abs_top_srcdir)/docs/FILES.md"'
tests_check_run_folder_CFLAGS = $(test_cflags)
tests_check_run_folder_LDADD = $(helpers) libcli.la libbench.la liblibrary.la librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs) $(JANSSON_LIBS)

check_PROGRAMS += tests/check_watch
TESTS += tests/check_watch
tests_check_watch_SOURCES = %D%/check_watch.c %D%/check_watch_kept.c %D%/check_watch_rules.c %D%/check_watch_runs.c %D%/watch_case.c %D%/watch_case.h $(train_helpers)
tests_check_watch_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -D_GNU_SOURCE -DRGM_FIXTURES='"$(abs_top_builddir)/tests/fixtures"'
EXTRA_tests_check_watch_DEPENDENCIES = tests/fixtures/same.stamp
tests_check_watch_CFLAGS = $(test_cflags)
tests_check_watch_LDADD = librun.la libreport.la $(train_libs) $(JANSSON_LIBS)

check_PROGRAMS += tests/check_memory
TESTS += tests/check_memory
tests_check_memory_SOURCES = %D%/check_memory.c %D%/malloc_probe.c %D%/malloc_probe.h %D%/sanitized.h $(train_helpers)
tests_check_memory_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) -D_GNU_SOURCE
tests_check_memory_CFLAGS = $(test_cflags)
tests_check_memory_LDADD = $(helpers) libcli.la libbench.la liblibrary.la librecipe.la libchecks.la libinspect.la librun.la libreport.la $(train_libs)
endif

if HAVE_CHECK
check_PROGRAMS += tests/check_compare_runs tests/check_measures tests/check_outliers
TESTS += tests/check_compare_runs tests/check_measures tests/check_outliers
tests_check_compare_runs_SOURCES = %D%/check_compare_runs.c
tests_check_compare_runs_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) -D_GNU_SOURCE
tests_check_compare_runs_CFLAGS = $(test_cflags)
tests_check_compare_runs_LDADD = $(inspect_libs) $(CHECK_LIBS) -lm
tests_check_measures_SOURCES = %D%/check_measures.c
tests_check_measures_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) -D_GNU_SOURCE
tests_check_measures_CFLAGS = $(test_cflags)
tests_check_measures_LDADD = $(inspect_libs) $(CHECK_LIBS) -lm
tests_check_outliers_SOURCES = %D%/check_outliers.c %D%/plant.c %D%/plant.h
tests_check_outliers_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) -D_GNU_SOURCE
tests_check_outliers_CFLAGS = $(test_cflags)
tests_check_outliers_LDADD = $(tests_check_measures_LDADD)
endif

# Trials: runs that are stopped, killed, given damaged files, and made to fail at every call. Each script says what it does.
# "make check" runs a fixed sample of them, "make trials" all.
trial_tools =
trial_tools += tests/trials/compare_draws
trial_tools += tests/trials/copies
trial_tools += tests/trials/decode_pictures
trial_tools += tests/trials/flip
trial_tools += tests/trials/make_pictures
trial_tools += tests/trials/mislabel
trial_tools += tests/trials/outliers
trial_tools += tests/trials/same_state
trial_tools += tests/trials/subset
trial_tools += tests/trials/timed
check_PROGRAMS += $(trial_tools)
tests_trials_timed_SOURCES = %D%/trials/timed.c %D%/sanitized.h
tests_trials_same_state_SOURCES = %D%/trials/same_state.c
tests_trials_same_state_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS)
tests_trials_same_state_LDADD = $(HDF5_LIBS)
tests_trials_flip_SOURCES = %D%/trials/flip.c
tests_trials_subset_SOURCES = %D%/trials/subset.c
tests_trials_outliers_SOURCES = %D%/trials/outliers.c %D%/plant.c %D%/plant.h
tests_trials_outliers_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_trials_outliers_LDADD = $(inspect_libs) -lm
tests_trials_copies_SOURCES = %D%/trials/copies.c
tests_trials_copies_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JPEG_CFLAGS)
tests_trials_copies_LDADD = $(JPEG_LIBS) -lm
tests_trials_mislabel_SOURCES = %D%/trials/mislabel.c
tests_trials_compare_draws_SOURCES = %D%/trials/compare_draws.c
tests_trials_compare_draws_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_trials_compare_draws_LDADD = $(inspect_libs) -lm
tests_trials_make_pictures_SOURCES = %D%/trials/make_pictures.c
tests_trials_make_pictures_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JPEG_CFLAGS)
tests_trials_make_pictures_LDADD = $(JPEG_LIBS) -lm
tests_trials_decode_pictures_SOURCES = %D%/trials/decode_pictures.c
tests_trials_decode_pictures_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(JPEG_CFLAGS)
tests_trials_decode_pictures_CFLAGS = $(AM_CFLAGS) -pthread
tests_trials_decode_pictures_LDADD = $(JPEG_LIBS)
# The trial of the checks (tests/faults): sets and plugins with a fault, and what judges the answers.
trial_tools += tests/faults/make_set
tests_faults_make_set_SOURCES = %D%/faults/make_set.c
tests_faults_make_set_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) $(ZLIB_CFLAGS)
tests_faults_make_set_LDADD = $(HDF5_LIBS) $(ZLIB_LIBS) -lm
trial_tools += tests/faults/judge
tests_faults_judge_SOURCES = %D%/faults/judge.c
tests_faults_judge_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_faults_judge_LDADD = $(JANSSON_LIBS)
fault_plugins = augmentations initializers losses optimizers regularizers schedulers
fault_activations = HEAVY NOTHING NO_MASK_BACK SIGMOID TANH UNSCALED
fault_sources = %D%/faults/plugins/activations.c %D%/faults/plugins/augmentations.c %D%/faults/plugins/initializers.c \
	%D%/faults/plugins/losses.c %D%/faults/plugins/optimizers.c %D%/faults/plugins/regularizers.c %D%/faults/plugins/schedulers.c
tests/faults/plugins.stamp: $(fault_sources) include/regimen/plugin.h
	$(AM_V_GEN)$(MKDIR_P) tests/faults/plugins
	@for p in $(fault_plugins); do $(fixture_cc) -I$(srcdir)/include $(srcdir)/tests/faults/plugins/$$p.c \
	  -o tests/faults/plugins/$$p.so || exit 1; done
	@for a in $(fault_activations); do $(fixture_cc) -I$(srcdir)/include -D$$a $(srcdir)/tests/faults/plugins/activations.c \
	  -o tests/faults/plugins/activation_$$a.so || exit 1; done
	@touch $@
check_LTLIBRARIES += tests/trials/fault.la
tests_trials_fault_la_SOURCES = %D%/trials/fault.c
tests_trials_fault_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_trials_fault_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
trial_scripts =
trial_scripts += %D%/trials/all.sh
trial_scripts += %D%/trials/common.sh
trial_scripts += %D%/trials/compare.sh
trial_scripts += %D%/trials/defaults.sh %D%/trials/watch.sh
trial_scripts += %D%/trials/faults.sh
trial_scripts += %D%/trials/flips.sh
trial_scripts += %D%/trials/kills.sh
trial_scripts += %D%/trials/label_errors.sh
trial_scripts += %D%/trials/near.sh
trial_scripts += %D%/trials/pictures.sh
trial_scripts += %D%/trials/sample.sh
trial_scripts += %D%/trials/stops.sh
fault_scripts = %D%/faults/common.sh %D%/faults/effective.awk %D%/faults/effective.sh %D%/faults/effective.txt %D%/faults/healthy.sh \
	%D%/faults/fixes.sh %D%/faults/instances.txt %D%/faults/kinds.txt %D%/faults/run.sh %D%/faults/sample.sh %D%/faults/summary.awk %D%/faults/summary.sh
EXTRA_DIST += $(trial_scripts) $(fault_sources) $(fault_scripts)

.PHONY: trial-tools trials
trial-tools: regimen $(plugin_LTLIBRARIES) $(trial_tools) tests/trials/fault.la tests/faults/plugins.stamp
trials: trial-tools
	$(srcdir)/%D%/trials/all.sh

# The bits that trainings end with, against those recorded on this kind of machine.
check_PROGRAMS += tests/bits/tensors
tests_bits_tensors_SOURCES = %D%/bits/tensors.c
tests_bits_tensors_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS) $(XXHASH_CFLAGS)
tests_bits_tensors_LDADD = $(HDF5_LIBS) $(XXHASH_LIBS)
EXTRA_DIST += tests/skip.h tests/bits/epyc-26.txt
