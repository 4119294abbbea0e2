# Check suites: one program per room, each forking its tests. TESTS run in parallel (make -j check).
test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)

if HAVE_CHECK
check_PROGRAMS += tests/check_config
TESTS += tests/check_config
tests_check_config_SOURCES = %D%/check_config.c
tests_check_config_CFLAGS = $(test_cflags)
tests_check_config_LDADD = libtrain.la libbase.la $(CHECK_LIBS)

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
tests_check_report_LDADD = libreport.la libtrain.la libbase.la $(CHECK_LIBS)
endif

TESTS += %D%/check_layers.sh
EXTRA_DIST += %D%/check_layers.sh
if HAVE_CHECK
base_tests = %D%/check_base %D%/check_rng %D%/check_team %D%/check_machine
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
tests_check_base_SOURCES = %D%/check_base.c
tests_check_base_CFLAGS = $(test_cflags)
tests_check_base_LDADD = libbase.la $(CHECK_LIBS)
tests_check_rng_SOURCES = %D%/check_rng.c
tests_check_rng_CFLAGS = $(test_cflags)
if HAVE_RANDOM123
tests_check_rng_CPPFLAGS = $(AM_CPPFLAGS) -DHAVE_RANDOM123=1
endif
tests_check_rng_LDADD = libbase.la $(CHECK_LIBS) -lm
tests_check_team_SOURCES = %D%/check_team.c
tests_check_team_CFLAGS = $(test_cflags)
tests_check_team_LDADD = libbase.la $(CHECK_LIBS) -lm
tests_check_machine_SOURCES = %D%/check_machine.c
tests_check_machine_CFLAGS = $(test_cflags)
tests_check_machine_LDADD = libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_data
TESTS += tests/check_data
tests_check_data_SOURCES = %D%/check_data.c %D%/make_set.c %D%/make_set.h
tests_check_data_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_data_CFLAGS = $(test_cflags)
tests_check_data_LDADD = libdatasets.la libdata.la libkernels.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_frame
TESTS += tests/check_frame
tests_check_frame_SOURCES = %D%/check_frame.c %D%/make_set.c %D%/make_set.h
tests_check_frame_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE $(HDF5_CFLAGS)
tests_check_frame_CFLAGS = $(test_cflags)
tests_check_frame_LDADD = libdatasets.la libdata.la libbase.la $(CHECK_LIBS)
endif

# kerncheck draws its own closing line like Check's; it needs no Check.
check_PROGRAMS += tests/kerncheck
TESTS += tests/kerncheck %D%/check_symbols.sh
EXTRA_DIST += %D%/check_symbols.sh
tests_kerncheck_SOURCES = %D%/kerncheck.c %D%/kerncheck.h %D%/kerncheck_harness.c %D%/kerncheck_elementwise.c \
	%D%/kerncheck_reduce.c %D%/kerncheck_bnorm.c %D%/kerncheck_pool.c %D%/kerncheck_loss.c %D%/kerncheck_image.c
tests_kerncheck_LDADD = libkernels.la
