noinst_LTLIBRARIES += libtrain.la
libtrain_la_SOURCES = %D%/config.c %D%/config.h %D%/config_internal.h %D%/config_text.c %D%/config_write.c \
	%D%/config_yaml.c
libtrain_la_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS)
libtrain_la_LIBADD = $(YAML_LIBS)
