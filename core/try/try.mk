# The helper program: of the libraries around it only those that it calls.
pkglibexec_PROGRAMS += regimen-try
regimen_try_SOURCES = %D%/main.c
regimen_try_CPPFLAGS = $(AM_CPPFLAGS) $(HDF5_CFLAGS)
regimen_try_LDFLAGS = $(AM_LDFLAGS) $(RGM_AS_NEEDED)
regimen_try_LDADD = libplug.la libdata.la libpicture.la libbase.la
