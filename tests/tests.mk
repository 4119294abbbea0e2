# Check suites: one program per room, each forking its tests. TESTS run in parallel (make -j check).
test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
