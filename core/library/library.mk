noinst_LTLIBRARIES += liblibrary.la
liblibrary_la_SOURCES = %D%/configuration.c %D%/configuration.h %D%/data.c %D%/entry.c %D%/entry.h %D%/inside.h %D%/machine.c %D%/model.c %D%/model.h \
	%D%/pictures.c %D%/result.c %D%/result.h %D%/train.c %D%/version.c
liblibrary_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)

# The library that is installed, from the program's own objects: what libtool compiles for shared libraries is all that it
# compiles here (configure.ac). In a process it stays once it was loaded: OpenMP's threads outlive a machine.
library_rooms = liblibrary.la librun.la libreport.la libtrain.la libplug.la libdata.la libpicture.la $(net_rooms) libengine.la \
	libkernels.la libbase.la
lib_LTLIBRARIES += libregimen.la
libregimen_la_SOURCES =
libregimen_la_LIBADD = $(library_rooms)
libregimen_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined -export-symbols-regex '^regimen_' $(RGM_NODELETE)

# The static library holds the same objects once more. libtool would compile each a second time for it. A user's symbols are
# safe without more ado: all names begin with regimen_ or rgm_ (tests/check_symbols.sh).
if RGM_STATIC
archivedir = $(libdir)
archive_DATA = libregimen.a
CLEANFILES += libregimen.a
endif
libregimen.a: $(library_rooms)
	$(AM_V_AR)rm -f $@ && { echo create $@ && for l in $(library_rooms:.la=); do echo addlib .libs/$$l.a; done && \
	echo save && echo end; } | $(AR) -M && test -s $@

# As with plugins, libtool's .la file would only lie beside the library.
install-exec-hook:
	rm -f '$(DESTDIR)$(libdir)/libregimen.la'
uninstall-local:
	for l in `sed -n "s/^library_names='\(.*\)'$$/\1/p" libregimen.la`; do rm -f '$(DESTDIR)$(libdir)'/"$$l" || exit; done
