# Check suites: one program per room, each forking its tests. TESTS run in parallel (make -j check).
test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)

if HAVE_CHECK
check_PROGRAMS += tests/check_config
TESTS += tests/check_config
tests_check_config_SOURCES = %D%/check_config.c
tests_check_config_CFLAGS = $(test_cflags)
tests_check_config_LDADD = libtrain.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_engine
TESTS += tests/check_engine
tests_check_engine_SOURCES = %D%/check_engine.c
tests_check_engine_CFLAGS = $(test_cflags)
tests_check_engine_LDADD = libengine.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/check_report
TESTS += tests/check_report
tests_check_report_SOURCES = %D%/check_report.c
tests_check_report_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_check_report_CFLAGS = $(test_cflags)
tests_check_report_LDADD = libreport.la libtrain.la libbase.la $(CHECK_LIBS)
endif
